/* HTTP load that takes little of the machine: raw bodies by POST over kept connections, from one thread.

   light_load HOST PORT PATH RATE CONNECTIONS SECONDS BODY...

   RATE above 0: requests leave on schedule, whether or not answers come back, over as many connections as that takes,
   CONNECTIONS at most. 0: each of CONNECTIONS has one request at a time. Prints a line for each answer: its status, and
   seconds since the moment that the request was due; status 0: a connection that failed. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { ANSWER = 1 << 18, EVENTS = 256 };

struct body { char *bytes; size_t size; };
struct connection { int file; const struct body *body; size_t sent, got; double due; char answer[ANSWER + 1]; };
struct answer { int status; float seconds; };

static struct sockaddr_in place;
static struct body *bodies;
static size_t body_count, next_body;
static struct connection **idle;
static size_t idle_count, all_count, most, answer_count, answer_room;
static struct answer *answers;
static int poll_file;

static double now_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void *room(void *old, size_t bytes) {
    void *found = realloc(old, bytes);
    if (!found) { perror("memory"); exit(1); }
    return found;
}

static void note(int status, double seconds) {
    if (answer_count == answer_room) {
        answer_room = answer_room ? 2 * answer_room : 65536;
        answers = room(answers, answer_room * sizeof *answers);
    }
    answers[answer_count++] = (struct answer){status, (float)seconds};
}

static void read_body(const char *path, const char *host, const char *target) {
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END)) { perror(path); exit(1); }
    long size = ftell(file);
    rewind(file);
    char *bytes = room(NULL, (size_t)size + strlen(target) + 256);
    int head = sprintf(bytes, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %ld\r\n\r\n", target, host, size);
    if (fread(bytes + head, 1, (size_t)size, file) != (size_t)size) { perror(path); exit(1); }
    fclose(file);
    bodies = room(bodies, (body_count + 1) * sizeof *bodies);
    bodies[body_count++] = (struct body){bytes, (size_t)head + (size_t)size};
}

static void leave(struct connection *one) {
    one->body = NULL;
    idle[idle_count++] = one;
}

static void hang_up(struct connection *one) {
    if (one->file >= 0) close(one->file);
    one->file = -1;
}

static void fail(struct connection *one) {
    hang_up(one);
    if (!one->body) return;
    note(0, now_s() - one->due);
    leave(one);
}

static void send_more(struct connection *one) {
    while (one->sent < one->body->size) {
        ssize_t sent = send(one->file, one->body->bytes + one->sent, one->body->size - one->sent, MSG_NOSIGNAL);
        if (sent < 0) {
            if (errno != EAGAIN) fail(one);
            return;
        }
        one->sent += (size_t)sent;
    }
}

static void ask(double due) {
    struct connection *one;
    if (idle_count) {
        one = idle[--idle_count];
    } else if (all_count < most) {
        one = room(NULL, sizeof *one);
        all_count++;
        one->file = -1;
    } else {
        note(0, 0);
        return;
    }
    one->body = &bodies[next_body++ % body_count];
    one->sent = one->got = 0;
    one->due = due;
    if (one->file < 0) {
        int yes = 1;
        struct epoll_event wanted = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = one};
        one->file = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        if (one->file < 0) { fail(one); return; }
        setsockopt(one->file, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        if ((connect(one->file, (struct sockaddr *)&place, sizeof place) && errno != EINPROGRESS)
            || epoll_ctl(poll_file, EPOLL_CTL_ADD, one->file, &wanted)) fail(one);
        return; /* it is sent once the connection stands */
    }
    send_more(one);
}

/* The size of an answer with its head; 0: the head is not complete. */
static size_t answer_size(const struct connection *one) {
    const char *end = strstr(one->answer, "\r\n\r\n"), *length = strcasestr(one->answer, "\r\ncontent-length:");
    if (!end || !length || length > end) return 0;
    return (size_t)(end + 4 - one->answer) + strtoul(length + 17, NULL, 10);
}

/* Read what has come; say whether the answer is complete. */
static int receive(struct connection *one) {
    for (;;) {
        if (one->got == ANSWER) { fail(one); return 0; }
        ssize_t got = recv(one->file, one->answer + one->got, ANSWER - one->got, 0);
        if (got < 0 && errno == EAGAIN) return 0;
        if (got <= 0 || !one->body) { fail(one); return 0; }
        one->got += (size_t)got;
        one->answer[one->got] = 0;
        size_t size = answer_size(one);
        if (!size || one->got < size) continue;
        note(atoi(one->answer + 9), now_s() - one->due);
        const char *end = strstr(one->answer, "\r\n\r\n"), *closing = strcasestr(one->answer, "\r\nconnection: close");
        if ((closing && closing < end) || one->sent < one->body->size) hang_up(one);
        leave(one);
        return 1;
    }
}

int main(int count, char **given) {
    if (count < 8) { fputs("light_load HOST PORT PATH RATE CONNECTIONS SECONDS BODY...\n", stderr); return 2; }
    place = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(given[2]))};
    if (inet_pton(AF_INET, given[1], &place.sin_addr) != 1) { fputs("HOST is an IPv4 address\n", stderr); return 2; }
    double rate = atof(given[4]), seconds = atof(given[6]);
    most = strtoul(given[5], NULL, 10);
    for (int at = 7; at < count; at++) read_body(given[at], given[1], given[3]);
    idle = room(NULL, most * sizeof *idle);
    poll_file = epoll_create1(0);
    int clock_file = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    struct epoll_event clock_wanted = {.events = EPOLLIN, .data.ptr = NULL};
    epoll_ctl(poll_file, EPOLL_CTL_ADD, clock_file, &clock_wanted);

    double started = now_s(), now = started;
    uint64_t asked = 0, total = rate > 0 ? (uint64_t)(rate * seconds) : 0;
    if (rate <= 0) for (size_t number = 0; number < most; number++) ask(started);
    while (asked < total || idle_count < all_count) {
        now = now_s();
        for (; asked < total && started + (double)asked / rate <= now; asked++) ask(started + (double)asked / rate);
        double wake = asked < total ? started + (double)asked / rate : now + 1;
        struct itimerspec alarm = {.it_value = {(time_t)wake, (long)((wake - (double)(time_t)wake) * 1e9)}};
        timerfd_settime(clock_file, TFD_TIMER_ABSTIME, &alarm, NULL);
        struct epoll_event found[EVENTS];
        int events = epoll_wait(poll_file, found, EVENTS, -1);
        if (now > started + seconds + 60) { fputs("no answer for a minute\n", stderr); return 1; }
        for (int at = 0; at < events; at++) {
            struct connection *one = found[at].data.ptr;
            if (!one) {
                uint64_t rung;
                if (read(clock_file, &rung, sizeof rung) < 0 && errno != EAGAIN) return 1;
                continue;
            }
            if (one->body && one->file >= 0 && (found[at].events & EPOLLOUT)) send_more(one);
            int answered = one->file >= 0 && (found[at].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) && receive(one);
            if (rate <= 0 && idle_count && (answered || one->file < 0) && now_s() < started + seconds) ask(now_s());
        }
    }
    for (size_t at = 0; at < answer_count; at++) printf("%d %.6f\n", answers[at].status, (double)answers[at].seconds);
    printf("%.6f\n", now_s() - started);
    return 0;
}
