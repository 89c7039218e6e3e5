/* A sound card for tests: an ALSA plugin with a clock that is known exactly. Needs no kernel driver,
 * no daemon and no root.
 *
 * The card's clock never stops. Its frame k passes the converter at
 *
 *     t0 + k / (rate * (1 + ppm / 1e6)) + reported_us + hidden_us        (ns of CLOCK_MONOTONIC)
 *
 * and a stream that starts at k0 puts its first frame there. Playback writes frame k of the card at
 * place k of the file `out`, which is sparse where nothing played, so two cards with one t0 and one
 * ppm are compared by position. Capture hands out the frames of the file or FIFO `in` one by one,
 * silence where it has none.
 *
 *   pcm_type.virtual { lib "DIR/libasound_module_pcm_virtual.so" }
 *   pcm.kitchen { type virtual  out "kitchen.raw"  t0 "123456789"  ppm 25.0 }
 *
 *   rate         48000
 *   channels     2
 *   t0           "0"      a string, as it does not fit an ALSA integer
 *   ppm          0        how much faster the card's clock runs than it should
 *   granularity  1        step of the position that the card tells (frames; 0: one period)
 *   reported_us  0        delay behind the position that the card tells in its delay
 *   hidden_us    0        delay that it keeps to itself
 *   hw_format    any      the one sample format that the card takes: S16_LE, S24_LE, S24_3LE, ...
 *   out, in               files; a card without the one cannot play, without the other not capture
 *   out_format   float    or s16: samples in `out`. `in` is always s16
 *   unplugged             while this file exists the card is gone: in an underrun when the file is
 *                         empty, otherwise as the kernel does it, with the state "disconnected"
 *
 * Frames that are written when they should have been playing are not played, as on a real card.
 *
 * `out`.log and `in`.log get a line of JSON for each start, stop, overrun, underrun and write that was late. A card
 * in use is busy.
 */
#include <alsa/asoundlib.h>
#include <alsa/pcm_external.h>
#include <math.h>
#include <stdbool.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

typedef struct {
  snd_pcm_ioplug_t io;
  double frames_per_ns, ppm, reported_us, hidden_us;
  double t0;
  long rate, channels, granularity;
  bool s16;
  char *unplugged;
  int file;
  FILE *log;
  bool running;
  int64_t first;       /* the card's frame at which the stream started */
  int64_t transferred; /* frames of the stream, written by or handed to the program */
  snd_pcm_uframes_t avail_min, stop_threshold;
  char *samples;       /* in the file's format: what was written before the start */
  size_t samples_bytes;
} card_t;

static double now_ns(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e9 + t.tv_nsec;
}

static int64_t card_frame(const card_t *c) { return (int64_t)floor((now_ns() - c->t0) * c->frames_per_ns); }
static bool plays(const card_t *c) { return c->io.stream == SND_PCM_STREAM_PLAYBACK; }
static bool gone(const card_t *c) { return c->unplugged && access(c->unplugged, F_OK) == 0; }

static bool disconnected(const card_t *c)
{
  struct stat s;
  return c->unplugged && stat(c->unplugged, &s) == 0 && s.st_size > 0;
}

static size_t frame_bytes(const card_t *c) { return (size_t)c->channels * (plays(c) && !c->s16 ? 4 : 2); }

static int64_t step(const card_t *c)
{
  return c->granularity > 0 ? c->granularity : (int64_t)c->io.period_size;
}

/* Frames since the start, as exactly as the card tells. */
static int64_t position(const card_t *c)
{
  int64_t p = card_frame(c) - c->first;
  if (!c->running || p < 0) return 0;
  return p / step(c) * step(c);
}

static void note(card_t *c, const char *event, int64_t frame)
{
  if (!c->log) return;
  fprintf(c->log, "{\"event\":\"%s\",\"frame\":%lld,\"ns\":%.0f,\"period\":%lu,\"buffer\":%lu,\"format\":\"%s\"}\n",
          event, (long long)frame, now_ns(), c->io.period_size, c->io.buffer_size,
          snd_pcm_format_name(c->io.format));
  fflush(c->log);
}

static void arm_at(card_t *c, double ns)
{
  struct itimerspec s = {{0, 0}, {(time_t)(ns / 1e9), 0}};
  s.it_value.tv_nsec = (long)(ns - (double)s.it_value.tv_sec * 1e9);
  timerfd_settime(c->io.poll_fd, TFD_TIMER_ABSTIME, &s, NULL);
}

static void arm_now(card_t *c) { arm_at(c, 1); }

static int64_t round_up(int64_t n, int64_t to) { return n <= 0 ? 0 : (n + to - 1) / to * to; }

/* Like a real card's interrupt: the end of the period after which there is enough to do. */
static void arm(card_t *c)
{
  int64_t wanted = c->transferred + (int64_t)c->avail_min - (plays(c) ? (int64_t)c->io.buffer_size : 0);
  if (!c->running) {
    if (plays(c)) arm_now(c);
    return;
  }
  wanted = round_up(round_up(wanted, (int64_t)c->io.period_size), step(c));
  arm_at(c, c->t0 + (double)(c->first + wanted) / c->frames_per_ns + 1000);
}

static void put(card_t *c, const char *samples, int64_t frame, int64_t frames)
{
  int64_t late = card_frame(c) - frame;
  if (late > frames) late = frames;
  if (late > 0) {
    note(c, "late", frame);
    samples += (size_t)late * frame_bytes(c);
    frame += late;
    frames -= late;
  }
  size_t bytes = (size_t)frames * frame_bytes(c);
  if (pwrite(c->file, samples, bytes, (off_t)(frame * (int64_t)frame_bytes(c))) != (ssize_t)bytes)
    SNDERR("virtual card: cannot write");
}

static int card_start(snd_pcm_ioplug_t *io)
{
  card_t *c = io->private_data;
  if (gone(c)) return -ENODEV;
  c->first = card_frame(c) + 1;
  c->running = true;
  if (plays(c)) put(c, c->samples, c->first, c->transferred);
  note(c, "start", c->first);
  arm(c);
  return 0;
}

/* What the program wrote ahead never plays. */
static void end(card_t *c, const char *event)
{
  int64_t played = card_frame(c) - c->first;
  if (!c->running) return;
  c->running = false;
  if (played < 0) played = 0;
  if (plays(c) && played < c->transferred &&
      ftruncate(c->file, (off_t)((c->first + played) * (int64_t)frame_bytes(c))) < 0)
    SNDERR("virtual card: cannot truncate");
  if (played > c->transferred && plays(c)) played = c->transferred;
  note(c, event, c->first + played);
}

static int card_stop(snd_pcm_ioplug_t *io)
{
  end(io->private_data, "stop");
  arm_now(io->private_data);
  return 0;
}

static int card_prepare(snd_pcm_ioplug_t *io)
{
  card_t *c = io->private_data;
  if (gone(c)) return -ENODEV;
  end(c, "stop");
  c->transferred = 0;
  arm(c);
  return 0;
}

static bool ran_dry(const card_t *c)
{
  int64_t ahead = card_frame(c) - c->first - c->transferred;
  if (!c->running || c->stop_threshold > c->io.buffer_size) return false;
  return ahead > (plays(c) ? 0 : (int64_t)c->io.buffer_size);
}

static snd_pcm_sframes_t card_pointer(snd_pcm_ioplug_t *io)
{
  card_t *c = io->private_data;
  if (gone(c)) {
    end(c, "unplugged");
    if (!disconnected(c)) return -ENODEV;
    snd_pcm_ioplug_set_state(io, SND_PCM_STATE_DISCONNECTED);
    return 0;
  }
  if (ran_dry(c) && io->state != SND_PCM_STATE_DRAINING) {
    end(c, plays(c) ? "underrun" : "overrun");
    arm_now(c);
    return -EPIPE;
  }
  return position(c) % (int64_t)io->buffer_size;
}

static int card_delay(snd_pcm_ioplug_t *io, snd_pcm_sframes_t *delay)
{
  const card_t *c = io->private_data;
  int64_t reported = llround(c->reported_us * 1e-6 * (double)c->rate);
  *delay = plays(c) ? c->transferred - position(c) + reported : position(c) - c->transferred + reported;
  return 0;
}

static float sample_of(snd_pcm_format_t format, const char *p)
{
  switch (format) {
  case SND_PCM_FORMAT_S16_LE: return (float)*(const int16_t *)p / 32768.f;
  case SND_PCM_FORMAT_S24_LE: return (float)((int32_t)(*(const uint32_t *)p << 8) >> 8) / 8388608.f;
  case SND_PCM_FORMAT_S24_3LE: {
    const uint8_t *b = (const uint8_t *)p;
    return (float)(int32_t)((uint32_t)b[0] << 8 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 24) / 2147483648.f;
  }
  case SND_PCM_FORMAT_S32_LE: return (float)*(const int32_t *)p / 2147483648.f;
  default: return *(const float *)p;
  }
}

static int16_t s16_of(float sample)
{
  float scaled = roundf(sample * 32768.f);
  return scaled > 32767.f ? 32767 : scaled < -32768.f ? -32768 : (int16_t)scaled;
}

static char *room_for(card_t *c, size_t bytes)
{
  if (bytes > c->samples_bytes) {
    c->samples = realloc(c->samples, bytes);
    c->samples_bytes = bytes;
  }
  return c->samples;
}

static void record(card_t *c, const char *from, snd_pcm_uframes_t frames)
{
  size_t width = (size_t)snd_pcm_format_physical_width(c->io.format) / 8, count = frames * (size_t)c->channels;
  size_t skip = c->running ? 0 : (size_t)c->transferred * frame_bytes(c);
  char *to = room_for(c, skip + frames * frame_bytes(c));
  if (!to) return;
  to += skip;
  for (size_t k = 0; k < count; k++, from += width) {
    if (c->s16) ((int16_t *)to)[k] = s16_of(sample_of(c->io.format, from));
    else ((float *)to)[k] = sample_of(c->io.format, from);
  }
  if (c->running) put(c, to, c->first + c->transferred, (int64_t)frames);
}

static void deliver(card_t *c, char *to, snd_pcm_uframes_t frames)
{
  size_t bytes = frames * frame_bytes(c), filled = 0, width = (size_t)snd_pcm_format_physical_width(c->io.format) / 8;
  int16_t *samples = (int16_t *)room_for(c, bytes);
  if (!samples) return;
  memset(samples, 0, bytes);
  for (ssize_t n = 1; filled < bytes && n > 0; filled += n > 0 ? (size_t)n : 0)
    n = read(c->file, (char *)samples + filled, bytes - filled);
  for (size_t k = 0; k < frames * (size_t)c->channels; k++, to += width) {
    switch (c->io.format) {
    case SND_PCM_FORMAT_S16_LE: *(int16_t *)to = samples[k]; break;
    case SND_PCM_FORMAT_S32_LE: *(int32_t *)to = (int32_t)((uint32_t)(uint16_t)samples[k] << 16); break;
    default: *(float *)to = (float)samples[k] / 32768.f;
    }
  }
}

static snd_pcm_sframes_t card_transfer(snd_pcm_ioplug_t *io, const snd_pcm_channel_area_t *area,
                                       snd_pcm_uframes_t offset, snd_pcm_uframes_t frames)
{
  card_t *c = io->private_data;
  char *samples = (char *)area->addr + (area->first + area->step * offset) / 8;
  if (gone(c)) return -ENODEV;
  if (plays(c)) record(c, samples, frames);
  else deliver(c, samples, frames);
  c->transferred += (int64_t)frames;
  arm(c);
  return (snd_pcm_sframes_t)frames;
}

static int card_poll(snd_pcm_ioplug_t *io, struct pollfd *fds, unsigned count, unsigned short *revents)
{
  card_t *c = io->private_data;
  uint64_t ticks;
  int64_t avail = position(c) - c->transferred + (plays(c) ? (int64_t)io->buffer_size : 0);
  unsigned short ready = plays(c) ? POLLOUT : POLLIN;
  *revents = 0;
  if (count != 1 || !(fds->revents & POLLIN)) return 0;
  if (gone(c) || io->state == SND_PCM_STATE_XRUN) *revents = ready | POLLERR;
  else if (avail >= (int64_t)c->avail_min || ran_dry(c)) *revents = ready;
  else {
    if (read(io->poll_fd, &ticks, sizeof ticks) < 0 && errno != EAGAIN) return -errno;
    arm(c);
  }
  return 0;
}

static int card_drain(snd_pcm_ioplug_t *io)
{
  card_t *c = io->private_data;
  double until;
  struct timespec t;
  if (!plays(c)) return 0;
  if (!c->running && c->transferred) card_start(io);
  until = c->t0 + (double)(c->first + c->transferred) / c->frames_per_ns;
  t.tv_sec = (time_t)(until / 1e9);
  t.tv_nsec = (long)(until - (double)t.tv_sec * 1e9);
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR) {
  }
  end(c, "drained");
  return 0;
}

static int card_hw_params(snd_pcm_ioplug_t *io, snd_pcm_hw_params_t *params)
{
  (void)params;
  ((card_t *)io->private_data)->avail_min = io->period_size;
  return 0;
}

static int card_sw_params(snd_pcm_ioplug_t *io, snd_pcm_sw_params_t *params)
{
  card_t *c = io->private_data;
  snd_pcm_sw_params_get_avail_min(params, &c->avail_min);
  snd_pcm_sw_params_get_stop_threshold(params, &c->stop_threshold);
  arm(c);
  return 0;
}

static void release(card_t *c)
{
  if (c->log) fclose(c->log);
  if (c->file >= 0) close(c->file);
  if (c->io.poll_fd >= 0) close(c->io.poll_fd);
  free(c->unplugged);
  free(c->samples);
  free(c);
}

static int card_close(snd_pcm_ioplug_t *io)
{
  end(io->private_data, "stop");
  release(io->private_data);
  return 0;
}

static const snd_pcm_ioplug_callback_t callbacks = {
    .start = card_start, .stop = card_stop, .pointer = card_pointer, .transfer = card_transfer,
    .close = card_close, .prepare = card_prepare, .drain = card_drain, .delay = card_delay,
    .poll_revents = card_poll, .hw_params = card_hw_params, .sw_params = card_sw_params,
};

static double number(snd_config_t *node)
{
  double real = 0;
  const char *text;
  if (snd_config_get_ireal(node, &real) < 0 && snd_config_get_string(node, &text) == 0) real = strtod(text, NULL);
  return real;
}

typedef struct {
  const char *out, *in, *hw_format;
} files_t;

static int configure(card_t *c, files_t *f, snd_config_t *conf)
{
  snd_config_iterator_t i, next;
  snd_config_for_each(i, next, conf) {
    snd_config_t *node = snd_config_iterator_entry(i);
    const char *id, *text = "";
    if (snd_config_get_id(node, &id) < 0 || !strcmp(id, "type") || !strcmp(id, "comment") || !strcmp(id, "hint"))
      continue;
    snd_config_get_string(node, &text);
    if (!strcmp(id, "out")) f->out = text;
    else if (!strcmp(id, "in")) f->in = text;
    else if (!strcmp(id, "hw_format")) f->hw_format = text;
    else if (!strcmp(id, "out_format")) c->s16 = !strcmp(text, "s16");
    else if (!strcmp(id, "unplugged")) c->unplugged = strdup(text);
    else if (!strcmp(id, "t0")) c->t0 = number(node);
    else if (!strcmp(id, "ppm")) c->ppm = number(node);
    else if (!strcmp(id, "rate")) c->rate = lround(number(node));
    else if (!strcmp(id, "channels")) c->channels = lround(number(node));
    else if (!strcmp(id, "granularity")) c->granularity = lround(number(node));
    else if (!strcmp(id, "reported_us")) c->reported_us = number(node);
    else if (!strcmp(id, "hidden_us")) c->hidden_us = number(node);
    else {
      SNDERR("virtual card: unknown field %s", id);
      return -EINVAL;
    }
  }
  return 0;
}

static int open_files(card_t *c, const files_t *f, snd_pcm_stream_t stream)
{
  const char *path = stream == SND_PCM_STREAM_PLAYBACK ? f->out : f->in;
  char log[4096];
  if (!path || gone(c)) return -ENODEV;
  c->file = stream == SND_PCM_STREAM_PLAYBACK ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644)
                                              : open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (c->file < 0) return -errno;
  snprintf(log, sizeof log, "%s.log", path);
  c->log = fopen(log, "ae");
  if (!c->log) return -errno;
  return flock(fileno(c->log), LOCK_EX | LOCK_NB) < 0 ? -EBUSY : 0;
}

static int constrain(card_t *c, const files_t *f)
{
  static const unsigned access[] = {SND_PCM_ACCESS_RW_INTERLEAVED, SND_PCM_ACCESS_MMAP_INTERLEAVED};
  static const unsigned formats[] = {SND_PCM_FORMAT_S16_LE, SND_PCM_FORMAT_S32_LE, SND_PCM_FORMAT_FLOAT_LE,
                                     SND_PCM_FORMAT_S24_LE, SND_PCM_FORMAT_S24_3LE};
  unsigned only = f->hw_format ? (unsigned)snd_pcm_format_value(f->hw_format) : 0;
  unsigned rate = (unsigned)c->rate, channels = (unsigned)c->channels, known = plays(c) ? 5 : 3;
  snd_pcm_ioplug_t *io = &c->io;
  int error;
  if ((error = snd_pcm_ioplug_set_param_list(io, SND_PCM_IOPLUG_HW_ACCESS, 2, access)) < 0) return error;
  error = snd_pcm_ioplug_set_param_list(io, SND_PCM_IOPLUG_HW_FORMAT, f->hw_format ? 1 : known,
                                        f->hw_format ? &only : formats);
  if (error < 0) return error;
  if ((error = snd_pcm_ioplug_set_param_list(io, SND_PCM_IOPLUG_HW_RATE, 1, &rate)) < 0) return error;
  if ((error = snd_pcm_ioplug_set_param_list(io, SND_PCM_IOPLUG_HW_CHANNELS, 1, &channels)) < 0) return error;
  if ((error = snd_pcm_ioplug_set_param_minmax(io, SND_PCM_IOPLUG_HW_PERIOD_BYTES, 128, 1 << 18)) < 0) return error;
  if ((error = snd_pcm_ioplug_set_param_minmax(io, SND_PCM_IOPLUG_HW_BUFFER_BYTES, 256, 1 << 21)) < 0) return error;
  return snd_pcm_ioplug_set_param_minmax(io, SND_PCM_IOPLUG_HW_PERIODS, 2, 1024);
}

SND_PCM_PLUGIN_DEFINE_FUNC(virtual)
{
  files_t files = {0};
  card_t *c = calloc(1, sizeof *c);
  int error;
  (void)root;
  if (!c) return -ENOMEM;
  c->file = c->io.poll_fd = -1;
  c->rate = 48000;
  c->channels = 2;
  c->granularity = 1;
  c->avail_min = 1;
  if ((error = configure(c, &files, conf)) < 0 || (error = open_files(c, &files, stream)) < 0) {
    release(c);
    return error;
  }
  c->frames_per_ns = (double)c->rate * (1 + c->ppm * 1e-6) / 1e9;
  c->io.version = SND_PCM_IOPLUG_VERSION;
  c->io.name = "virtual card";
  c->io.flags = SND_PCM_IOPLUG_FLAG_MONOTONIC;
  c->io.callback = &callbacks;
  c->io.private_data = c;
  c->io.poll_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  c->io.poll_events = POLLIN;
  if ((error = snd_pcm_ioplug_create(&c->io, name, stream, mode)) < 0) {
    release(c);
    return error;
  }
  if ((error = constrain(c, &files)) < 0) {
    snd_pcm_ioplug_delete(&c->io);
    return error;
  }
  *pcmp = c->io.pcm;
  return 0;
}
SND_PCM_PLUGIN_SYMBOL(virtual);
