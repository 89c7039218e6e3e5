/* A sound card's mixer without a sound card: one volume and one switch, kept in a file. For tests of hardware volume. */
#include <alsa/asoundlib.h>
#include <alsa/control_external.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

enum { VOLUME, SWITCH, ELEMENTS };
static const char *const NAMES[ELEMENTS] = {"Digital Playback Volume", "Digital Playback Switch"};

typedef struct {
  snd_ctl_ext_t ext;
  char *path;
  /* Elements of which is still to be told that they changed. */
  int changed;
} mixer_t;

static void load(const mixer_t *m, long values[ELEMENTS])
{
  FILE *f = fopen(m->path, "r");
  values[VOLUME] = 0;
  values[SWITCH] = 0;
  if (!f) return;
  if (fscanf(f, "%ld %ld", &values[VOLUME], &values[SWITCH]) != 2) values[VOLUME] = 0;
  fclose(f);
}

static int count(snd_ctl_ext_t *ext) { (void)ext; return ELEMENTS; }

static int list(snd_ctl_ext_t *ext, unsigned offset, snd_ctl_elem_id_t *id)
{
  (void)ext;
  snd_ctl_elem_id_set_interface(id, SND_CTL_ELEM_IFACE_MIXER);
  snd_ctl_elem_id_set_name(id, NAMES[offset]);
  return 0;
}

static snd_ctl_ext_key_t find(snd_ctl_ext_t *ext, const snd_ctl_elem_id_t *id)
{
  (void)ext;
  for (int at = 0; at < ELEMENTS; at++)
    if (!strcmp(snd_ctl_elem_id_get_name(id), NAMES[at])) return at;
  return SND_CTL_EXT_KEY_NOT_FOUND;
}

static int attribute(snd_ctl_ext_t *ext, snd_ctl_ext_key_t key, int *type, unsigned *access, unsigned *values)
{
  (void)ext;
  *type = key == VOLUME ? SND_CTL_ELEM_TYPE_INTEGER : SND_CTL_ELEM_TYPE_BOOLEAN;
  *access = SND_CTL_EXT_ACCESS_READWRITE;
  *values = 1;
  return 0;
}

static int range(snd_ctl_ext_t *ext, snd_ctl_ext_key_t key, long *least, long *most, long *step)
{
  (void)ext;
  (void)key;
  *least = 0;
  *most = 200;
  *step = 0;
  return 0;
}

static int get(snd_ctl_ext_t *ext, snd_ctl_ext_key_t key, long *value)
{
  long values[ELEMENTS];
  load(ext->private_data, values);
  *value = values[key];
  return 0;
}

static int put(snd_ctl_ext_t *ext, snd_ctl_ext_key_t key, long *value)
{
  const mixer_t *m = ext->private_data;
  long values[ELEMENTS];
  load(m, values);
  values[key] = *value;
  FILE *f = fopen(m->path, "w");
  if (!f) return -EIO;
  fprintf(f, "%ld %ld\n", values[VOLUME], values[SWITCH]);
  fclose(f);
  return 1;
}

static void subscribe(snd_ctl_ext_t *ext, int wanted) { (void)ext; (void)wanted; }

static int event(snd_ctl_ext_t *ext, snd_ctl_elem_id_t *id, unsigned *mask)
{
  mixer_t *m = ext->private_data;
  char told[4096];
  if (m->changed == 0) {
    if (read(ext->poll_fd, told, sizeof told) <= 0) return -EAGAIN;
    m->changed = ELEMENTS;
  }
  list(ext, --m->changed, id);
  *mask = SND_CTL_EVENT_MASK_VALUE;
  return 1;
}

static void end(snd_ctl_ext_t *ext)
{
  mixer_t *m = ext->private_data;
  if (ext->poll_fd >= 0) close(ext->poll_fd);
  free(m->path);
  free(m);
}

static const snd_ctl_ext_callback_t CALLBACKS = {
  .close = end, .elem_count = count, .elem_list = list, .find_elem = find, .get_attribute = attribute,
  .get_integer_info = range, .read_integer = get, .write_integer = put, .subscribe_events = subscribe,
  .read_event = event,
};

SND_CTL_PLUGIN_DEFINE_FUNC(virtual)
{
  (void)root;
  const char *path = NULL;
  snd_config_iterator_t i, next;
  snd_config_for_each(i, next, conf) {
    snd_config_t *n = snd_config_iterator_entry(i);
    const char *id;
    if (snd_config_get_id(n, &id) == 0 && !strcmp(id, "state")) snd_config_get_string(n, &path);
  }
  if (!path) return -EINVAL;
  mixer_t *m = calloc(1, sizeof *m);
  if (!m) return -ENOMEM;
  m->path = strdup(path);
  m->ext.version = SND_CTL_EXT_VERSION;
  /* Whoever writes the file, this program or another, turned the control. */
  FILE *there = fopen(path, "a");
  if (there) fclose(there);
  m->ext.poll_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  inotify_add_watch(m->ext.poll_fd, path, IN_CLOSE_WRITE);
  m->ext.callback = &CALLBACKS;
  m->ext.private_data = m;
  strcpy(m->ext.id, "virtual");
  strcpy(m->ext.driver, "virtual");
  strcpy(m->ext.name, "virtual");
  strcpy(m->ext.longname, "virtual mixer");
  strcpy(m->ext.mixername, "virtual");
  int err = snd_ctl_ext_create(&m->ext, name, mode);
  if (err < 0) {
    end(&m->ext);
    return err;
  }
  *handlep = m->ext.handle;
  return 0;
}

SND_CTL_PLUGIN_SYMBOL(virtual);
