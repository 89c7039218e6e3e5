/* Links between hosts on one machine, as good or as bad as they are told to be: what the kernel's netem does,
 * for kernels that lack it. Each link joins two network namespaces by a TUN device in either; every IP packet
 * between them passes through this program. Needs root.
 *
 *   link SEED SERVER_NAMESPACE ROOM_NAMESPACE...
 *
 * makes link1, link2, ... in the server's namespace and a device "uplink" in each room's, says "ready", and then
 * takes one command a line. The devices have no addresses: whoever starts this gives them some. It ends at the
 * end of its input, so that it never outlives its owner, and takes the devices with it.
 *
 *   set LINK DELAY_MS JITTER_MS LOSS_PERCENT RATE_KBIT STALL_MS STALL_EVERY_MS QUEUE_MS SHARED DOZE_MS
 *                         LINK from 1; 0 is all of them
 *   outage LINK MS        from now on every packet is lost, for that long
 *   stats                 a line of JSON about all links
 *
 * A packet that enters at t, in one direction of a link,
 *
 *   is lost, with the given probability, in an outage, when PACKETS_MAX are waiting, or when those before it need
 *   more than QUEUE_MS to pass the line (0: any time);
 *   passes the line:           s = max(t, end of the packet before) + bits / rate          (rate 0: at once)
 *   which is the link's own, or one for all that are SHARED (1), in each direction;
 *   is held, on its way to the room, until the next multiple of DOZE_MS, as by a radio that sleeps between beacons;
 *   is then under way:         due = s + TRANSIT_MS + delay + uniform(-jitter, +jitter), and never before the packet
 *                              ahead of it, as neither a cable nor Wi-Fi changes the order;
 *   leaves at `due`, or when a stall ends. Stalls begin every 0.5 to 1.5 times STALL_EVERY_MS and hold both
 *   directions: nothing is lost, and at the end everything that is due comes at once.
 *
 * A process that sleeps wakes 0.05 to 0.5 ms late on a virtual machine, which would be jitter that nobody asked for. So
 * `t` is the kernel's stamp of the moment at which the packet was sent, by a packet socket on the device; TRANSIT_MS
 * covers the waking up after that; and before a packet of few bytes is due, which may ask for the time, this program is awake already.
 *
 * Bytes are counted of all but TCP's discard service (port 9): a download may fill the line and not be taken for audio.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <arpa/inet.h>
#include <linux/if.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <math.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define LINKS_MAX 200
#define PACKETS_MAX 2048   /* waiting in one direction: three seconds of 1 Mbit/s */
#define PACKET_BYTES_MAX 1500
#define BURST_PACKETS 32   /* read from one device before the others get their turn */
#define IDLE_MS 1000.0
#define TRANSIT_MS 0.3
#define SMALL_BYTES 160    /* TCP's acknowledgements, questions for the time and answers, of all systems alike */
#define AWAKE_BEFORE_MS 0.15
#define LIKENESS_BYTES 60  /* by which a packet and its stamp find each other */
#define SETTINGS 9
#define DISCARD_PORT 9
#define IPV4_TCP 6

typedef struct {
  double due_ms;
  int bytes;
  unsigned char content[PACKET_BYTES_MAX];
} packet_t;

typedef struct {
  int in, out, stamps; /* devices, and a packet socket that says when packets were sent to `in` */
  packet_t *waiting; /* a ring */
  unsigned first, count;
  double line_free_ms, last_due_ms, slowest_ms;
  long carried, lost, bytes;
} direction_t;

typedef struct {
  direction_t down, up; /* from the server, to the server */
  double delay_ms, jitter_ms, loss, rate_kbit, stall_ms, stall_every_ms, queue_ms, doze_ms;
  bool shared;
  double outage_until_ms, stall_until_ms, next_stall_ms;
  long stalls;
} link_t;

static link_t links[LINKS_MAX];
static double shared_down_free_ms, shared_up_free_ms;
static int link_count;
static uint64_t chance;

static double now_ms(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* 0 to 1 (xorshift64*, Vigna). */
static double random_share(void)
{
  chance ^= chance >> 12;
  chance ^= chance << 25;
  chance ^= chance >> 27;
  return (double)((chance * 2685821657736338717ull) >> 11) / 9007199254740992.0;
}

static void die(const char *what)
{
  perror(what);
  exit(1);
}

/* In the network of the calling thread. */
static int open_stamps(struct ifreq *request)
{
  int stamps = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, htons(ETH_P_ALL)), yes = 1;
  struct sockaddr_ll device = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
  if (stamps < 0 || ioctl(stamps, SIOCGIFINDEX, request) < 0) die("packet socket");
  device.sll_ifindex = request->ifr_ifindex;
  if (setsockopt(stamps, SOL_SOCKET, SO_TIMESTAMPNS, &yes, sizeof yes) < 0) die("SO_TIMESTAMPNS");
  if (bind(stamps, (struct sockaddr *)&device, sizeof device) < 0) die("packet socket");
  return stamps;
}

static int open_device(const char *network, const char *name, int *stamps)
{
  char path[256];
  struct ifreq request = {0};
  int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), there, device;
  snprintf(path, sizeof path, "/run/netns/%s", network);
  if ((there = open(path, O_RDONLY | O_CLOEXEC)) < 0 || setns(there, CLONE_NEWNET) < 0) die(path);
  if ((device = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC)) < 0) die("/dev/net/tun");
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  snprintf(request.ifr_name, IFNAMSIZ, "%s", name);
  if (ioctl(device, TUNSETIFF, &request) < 0) die(name);
  *stamps = open_stamps(&request);
  if (setns(home, CLONE_NEWNET) < 0) die("setns");
  close(home);
  close(there);
  return device;
}

static void open_link(link_t *l, const char *server, const char *room, int number)
{
  char name[IFNAMSIZ];
  snprintf(name, sizeof name, "link%d", number);
  l->down.in = l->up.out = open_device(server, name, &l->down.stamps);
  l->up.in = l->down.out = open_device(room, "uplink", &l->up.stamps);
  l->down.waiting = calloc(PACKETS_MAX, sizeof(packet_t));
  l->up.waiting = calloc(PACKETS_MAX, sizeof(packet_t));
  if (!l->down.waiting || !l->up.waiting) die("memory");
}

static double *line_of(link_t *l, direction_t *d)
{
  if (!l->shared) return &d->line_free_ms;
  return d == &l->down ? &shared_down_free_ms : &shared_up_free_ms;
}

/* When a packet was sent. Stamps come in the packets' order; those of packets that the device had no room for are passed over. */
static double sent_ms(direction_t *d, const unsigned char *content, int bytes, double now)
{
  unsigned char seen[LIKENESS_BYTES], control[CMSG_SPACE(sizeof(struct timespec))];
  struct sockaddr_ll from;
  struct iovec span = {seen, sizeof seen};
  struct msghdr message;
  struct timespec stamp, real;
  ssize_t n;
  size_t like = bytes < LIKENESS_BYTES ? (size_t)bytes : LIKENESS_BYTES;
  for (;;) {
    message = (struct msghdr){&from, sizeof from, &span, 1, control, sizeof control, 0};
    if ((n = recvmsg(d->stamps, &message, 0)) < 0) return now;
    if (from.sll_pkttype != PACKET_OUTGOING || (size_t)n != like || memcmp(seen, content, like)) continue;
    memcpy(&stamp, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof stamp);
    clock_gettime(CLOCK_REALTIME, &real);
    now = now_ms();
    return now - (double)(real.tv_sec - stamp.tv_sec) * 1e3 - (double)(real.tv_nsec - stamp.tv_nsec) / 1e6;
  }
}

/* False when there was none. */
static bool enter(link_t *l, direction_t *d)
{
  static unsigned char content[PACKET_BYTES_MAX];
  int bytes = (int)read(d->in, content, sizeof content);
  double t_ms = bytes > 0 ? sent_ms(d, content, bytes, now_ms()) : 0;
  double due = t_ms + TRANSIT_MS + l->delay_ms + (2 * random_share() - 1) * l->jitter_ms;
  double *line_free_ms = line_of(l, d);
  packet_t *packet = &d->waiting[(d->first + d->count) % PACKETS_MAX];
  bool overflows = l->queue_ms > 0 && *line_free_ms - t_ms > l->queue_ms;
  if (bytes <= 0) return false;
  if (t_ms < l->outage_until_ms || random_share() < l->loss || d->count == PACKETS_MAX || overflows) {
    d->lost++;
    return true;
  }
  if (l->rate_kbit > 0) {
    if (*line_free_ms < t_ms) *line_free_ms = t_ms;
    *line_free_ms += bytes * 8 / l->rate_kbit;
    due += *line_free_ms - t_ms;
  }
  if (l->doze_ms > 0 && d == &l->down) due = ceil(due / l->doze_ms) * l->doze_ms;
  if (due < d->last_due_ms) due = d->last_due_ms;
  if (due - t_ms > d->slowest_ms) d->slowest_ms = due - t_ms;
  d->last_due_ms = packet->due_ms = due;
  packet->bytes = bytes;
  memcpy(packet->content, content, (size_t)bytes);
  d->count++;
  return true;
}

/* Whether it is from or to TCP's discard service. */
static bool discarded(const packet_t *packet)
{
  const unsigned char *ip = packet->content, *tcp = ip + 4 * (ip[0] & 15);
  if (packet->bytes < 40 || ip[0] >> 4 != 4 || ip[9] != IPV4_TCP) return false;
  return (tcp[0] << 8 | tcp[1]) == DISCARD_PORT || (tcp[2] << 8 | tcp[3]) == DISCARD_PORT;
}

/* Returns when to be awake for the next packet. */
static double leave(direction_t *d, double t_ms)
{
  while (d->count && d->waiting[d->first].due_ms <= t_ms) {
    packet_t *packet = &d->waiting[d->first];
    /* A full device loses packets, as a full queue in a radio does. */
    if (write(d->out, packet->content, (size_t)packet->bytes) == packet->bytes) {
      d->carried++;
      if (!discarded(packet)) d->bytes += packet->bytes;
    } else d->lost++;
    d->first = (d->first + 1) % PACKETS_MAX;
    d->count--;
  }
  if (!d->count) return t_ms + IDLE_MS;
  return d->waiting[d->first].due_ms - (d->waiting[d->first].bytes <= SMALL_BYTES ? AWAKE_BEFORE_MS : 0);
}

static double sooner(double a, double b) { return a < b ? a : b; }

/* Returns when there is something to do again. */
static double serve(link_t *l, double t_ms)
{
  double next = t_ms + IDLE_MS;
  if (l->stall_ms > 0 && t_ms >= l->next_stall_ms) {
    l->stall_until_ms = t_ms + l->stall_ms;
    l->next_stall_ms = t_ms + l->stall_every_ms * (0.5 + random_share());
    l->stalls++;
  }
  if (t_ms < l->stall_until_ms) return sooner(next, l->stall_until_ms);
  if (l->stall_ms > 0) next = sooner(next, l->next_stall_ms);
  return sooner(next, sooner(leave(&l->down, t_ms), leave(&l->up, t_ms)));
}

static void configure(link_t *l, const double *v)
{
  l->delay_ms = v[0];
  l->jitter_ms = v[1];
  l->loss = v[2] / 100;
  l->rate_kbit = v[3];
  l->stall_ms = v[4];
  l->stall_every_ms = v[5];
  l->queue_ms = v[6];
  l->shared = v[7] != 0;
  l->doze_ms = v[8];
  l->stall_until_ms = 0;
  l->next_stall_ms = now_ms() + v[5] * (0.5 + random_share());
}

static void tell(void)
{
  putchar('[');
  for (int k = 0; k < link_count; k++) {
    const link_t *l = &links[k];
    printf("%s{\"carriedDown\":%ld,\"lostDown\":%ld,\"carriedUp\":%ld,\"lostUp\":%ld,\"stalls\":%ld,"
           "\"bytesDown\":%ld,\"slowestDownMs\":%.1f}",
           k ? "," : "", l->down.carried, l->down.lost, l->up.carried, l->up.lost, l->stalls, l->down.bytes,
           l->down.slowest_ms);
  }
  puts("]");
  fflush(stdout);
}

static void obey(const char *line)
{
  int which = 0;
  double v[SETTINGS] = {0};
  bool set = sscanf(line, "set %d %lf %lf %lf %lf %lf %lf %lf %lf %lf", &which, v, v + 1, v + 2, v + 3, v + 4, v + 5,
                    v + 6, v + 7, v + 8) == 1 + SETTINGS;
  bool outage = !set && sscanf(line, "outage %d %lf", &which, v) == 2;
  if (!strncmp(line, "stats", 5)) tell();
  else if (!set && !outage) fprintf(stderr, "link: what is \"%s\"?\n", line);
  for (int k = 0; k < link_count && (set || outage); k++) {
    if (which != 0 && which != k + 1) continue;
    if (set) configure(&links[k], v);
    else links[k].outage_until_ms = now_ms() + v[0];
  }
}

/* False at the end of the input. */
static bool take_commands(void)
{
  static char text[4096];
  static size_t length;
  ssize_t n = read(STDIN_FILENO, text + length, sizeof text - 1 - length);
  char *end;
  if (n <= 0) return false;
  length += (size_t)n;
  text[length] = 0;
  while ((end = strchr(text, '\n'))) {
    *end = 0;
    obey(text);
    length -= (size_t)(end + 1 - text);
    memmove(text, end + 1, length + 1);
  }
  return true;
}

static void wait_until(struct pollfd *fds, double t_ms)
{
  double ms = t_ms - now_ms();
  struct timespec span = {0, 0};
  if (ms > 0) {
    span.tv_sec = (time_t)(ms / 1e3);
    span.tv_nsec = (long)((ms - (double)span.tv_sec * 1e3) * 1e6);
  }
  ppoll(fds, (nfds_t)(2 * link_count + 1), &span, NULL);
}

static void take_packets(link_t *l, direction_t *d, const struct pollfd *fd)
{
  if (!(fd->revents & POLLIN)) return;
  for (int k = 0; k < BURST_PACKETS && enter(l, d); k++) {
  }
}

int main(int count, char **words)
{
  static struct pollfd fds[2 * LINKS_MAX + 1];
  struct sched_param first_of_all = {.sched_priority = 20};
  if (count < 4 || count - 3 > LINKS_MAX) {
    fprintf(stderr, "usage: link SEED SERVER_NAMESPACE ROOM_NAMESPACE...   (at most %d rooms)\n", LINKS_MAX);
    return 2;
  }
  chance = (strtoull(words[1], NULL, 10) + 1) * 0x9e3779b97f4a7c15ull;
  for (link_count = 0; link_count < count - 3; link_count++)
    open_link(&links[link_count], words[2], words[3 + link_count], link_count + 1);
  /* Without the permission it is a worse link, not none. */
  prctl(PR_SET_TIMERSLACK, 1000);
  sched_setscheduler(0, SCHED_FIFO, &first_of_all);
  puts("ready");
  fflush(stdout);
  for (;;) {
    double t_ms = now_ms(), next = t_ms + IDLE_MS;
    for (int k = 0; k < link_count; k++) {
      next = sooner(next, serve(&links[k], t_ms));
      fds[2 * k] = (struct pollfd){links[k].down.in, POLLIN, 0};
      fds[2 * k + 1] = (struct pollfd){links[k].up.in, POLLIN, 0};
    }
    fds[2 * link_count] = (struct pollfd){STDIN_FILENO, POLLIN, 0};
    wait_until(fds, next);
    for (int k = 0; k < link_count; k++) {
      take_packets(&links[k], &links[k].down, &fds[2 * k]);
      take_packets(&links[k], &links[k].up, &fds[2 * k + 1]);
    }
    if (fds[2 * link_count].revents && !take_commands()) return 0;
  }
}
