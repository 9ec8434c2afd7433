/*
 * The least that a look at many leaves can cost on libssl: one epoll loop, full handshakes only, the same TLS profile
 * and the same orderly ending as core.network.look, and nothing else.
 *
 * Usage: look AT_ONCE < lines of "ADDRESS PORT SHA256"
 * Prints: right wrong failed CPU-seconds wall-seconds, for the sweep alone. Without AT_ONCE: the version of libssl.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <openssl/crypto.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 100000, SECONDS = 60, EVENTS = 1024 };
enum stage { CONNECTING, SHAKING, LEAVING };

struct look {
    struct sockaddr_in address;
    unsigned char pin[32];
    int sock;
    enum stage stage;
    SSL *tls;
};

static struct look *looks;
static int count, started, running, right, wrong, failed, epoll;
static SSL_CTX *context;

static void die(const char *what)
{
    fprintf(stderr, "look: %s: %s\n", what, strerror(errno));
    exit(1);
}

static double seconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec + now.tv_nsec / 1e9;
}

static void read_looks(void)
{
    char host[64], pin[65];
    int port;
    looks = calloc(MOST, sizeof *looks);
    while (count < MOST && scanf("%63s %d %64s", host, &port, pin) == 3) {
        struct look *look = &looks[count++];
        look->address.sin_family = AF_INET;
        look->address.sin_port = htons(port);
        if (inet_pton(AF_INET, host, &look->address.sin_addr) != 1)
            die("no IPv4 address");
        for (int i = 0; i < 32; i++)
            sscanf(pin + 2 * i, "%2hhx", &look->pin[i]);
    }
}

static void make_context(void)
{
    static const unsigned char protocols[] = "\x08http/1.1";
    context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_cipher_list(context, "DEFAULT:!aNULL:!eNULL");
    SSL_CTX_set_alpn_protos(context, protocols, sizeof protocols - 1);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(context, 1);
}

static void listen_for(struct look *look, int operation, unsigned events)
{
    struct epoll_event event = {.events = events, .data.ptr = look};
    if (epoll_ctl(epoll, operation, look->sock, &event) < 0)
        die("epoll_ctl");
}

static void end(struct look *look)
{
    SSL_free(look->tls);
    close(look->sock);
    running--;
}

static void begin(struct look *look)
{
    running++;
    look->sock = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (look->sock < 0)
        die("socket");
    if (connect(look->sock, (struct sockaddr *)&look->address, sizeof look->address) < 0 && errno != EINPROGRESS) {
        failed++;
        end(look);
        return;
    }
    look->stage = CONNECTING;
    look->tls = SSL_new(context);
    SSL_set_fd(look->tls, look->sock);
    SSL_set_connect_state(look->tls);
    listen_for(look, EPOLL_CTL_ADD, EPOLLOUT);
}

/* A resumed session would show the leaf of an earlier handshake. */
static int shows_its_pin(struct look *look)
{
    unsigned char found[32];
    X509 *leaf = SSL_session_reused(look->tls) ? NULL : SSL_get_peer_certificate(look->tls);
    int same = leaf && X509_digest(leaf, EVP_sha256(), found, NULL) && !memcmp(found, look->pin, sizeof found);
    X509_free(leaf);
    return same;
}

static void shake(struct look *look)
{
    int done = SSL_do_handshake(look->tls);
    if (done == 1) {
        shows_its_pin(look) ? right++ : wrong++;
        SSL_shutdown(look->tls);
        shutdown(look->sock, SHUT_WR);
        look->stage = LEAVING;
    } else if (SSL_get_error(look->tls, done) != SSL_ERROR_WANT_READ) {
        failed++;
        end(look);
    }
}

/* Closing with bytes unread would make the kernel send a reset. */
static void leave(struct look *look)
{
    char rest[4096];
    ssize_t got = read(look->sock, rest, sizeof rest);
    if (got == 0 || (got < 0 && errno != EAGAIN))
        end(look);
}

static void go_on(struct look *look)
{
    switch (look->stage) {
    case CONNECTING:
        look->stage = SHAKING;
        listen_for(look, EPOLL_CTL_MOD, EPOLLIN);
        shake(look);
        break;
    case SHAKING:
        shake(look);
        break;
    case LEAVING:
        leave(look);
        break;
    }
}

int main(int argc, char **argv)
{
    static struct epoll_event events[EVENTS];
    if (argc < 2)
        return puts(OpenSSL_version(OPENSSL_VERSION)) < 0;
    int at_once = atoi(argv[1]);
    signal(SIGPIPE, SIG_IGN);
    alarm(SECONDS);
    read_looks();
    make_context();
    epoll = epoll_create1(EPOLL_CLOEXEC);
    double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID), wall = seconds(CLOCK_MONOTONIC);
    while (started < count || running) {
        while (running < at_once && started < count)
            begin(&looks[started++]);
        int ready = epoll_wait(epoll, events, EVENTS, -1);
        for (int i = 0; i < ready; i++)
            go_on(events[i].data.ptr);
    }
    cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    wall = seconds(CLOCK_MONOTONIC) - wall;
    printf("%d %d %d %.6f %.6f\n", right, wrong, failed, cpu, wall);
    return 0;
}
