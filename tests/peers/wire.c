/* Says when packets with payload went over the loopback from some ports: `wire PORT...`, as root. It begins with
 * `ready NANOSECONDS`; then comes a line for each packet:
 *
 *   NANOSECONDS PORT u BYTES TYPE SOURCE TIMESTAMP     an RTP packet, or an SRTP one, whose head is as readable
 *   NANOSECONDS PORT t BYTES                           what TCP sent, or another datagram (`d`)
 *
 * The time is that of the kernel, by CLOCK_MONOTONIC: when the packet was handed over, not when it was read here. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

static uint8_t wanted[1 << 16];

static int64_t clock_of(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return time.tv_sec * 1000000000ll + time.tv_nsec;
}

static uint16_t two(const uint8_t *at) {
    return at[0] << 8 | at[1];
}

static uint32_t four(const uint8_t *at) {
    return (uint32_t)two(at) << 16 | two(at + 2);
}

/* A packet from its IP header on, of which `have` bytes are there. */
static void packet(const uint8_t *ip, size_t have, int64_t time) {
    size_t head, length;
    int protocol;
    if (have >= 20 && ip[0] >> 4 == 4) head = (ip[0] & 15) * 4, length = two(ip + 2), protocol = ip[9];
    else if (have >= 40 && ip[0] >> 4 == 6) head = 40, length = 40 + two(ip + 4), protocol = ip[6];
    else return;
    const uint8_t *inner = ip + head;
    if (have < head + 20 || !wanted[two(inner)]) return;
    size_t own = protocol == 6 ? (size_t)(inner[12] >> 4) * 4 : 8;
    if ((protocol != 6 && protocol != 17) || length <= head + own) return;
    size_t bytes = length - head - own;
    const uint8_t *rtp = inner + 8;
    printf("%lld %u ", (long long)time, two(inner));
    int type = rtp[1] & 127;
    /* RFC 7983 and RFC 5761: the first byte tells RTP from STUN and DTLS, the second from RTCP. */
    if (protocol == 6) printf("t %zu\n", bytes);
    else if (bytes < 12 || rtp[0] >> 6 != 2 || (type >= 64 && type < 96)) printf("d %zu\n", bytes);
    else printf("u %zu %d %u %u\n", bytes, type, four(rtp + 8), four(rtp + 4));
}

int main(int count, char **words) {
    for (int at = 1; at < count; at++) wanted[atoi(words[at]) & 0xffff] = 1;
    int wire = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETH_P_ALL)), on = 1, room = 16 << 20;
    struct sockaddr_ll loopback = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = if_nametoindex("lo")};
    if (wire < 0 || bind(wire, (struct sockaddr *)&loopback, sizeof loopback) < 0) return perror("wire"), 1;
    setsockopt(wire, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
    setsockopt(wire, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
    setvbuf(stdout, NULL, _IOLBF, 1 << 16);
    printf("ready %lld\n", (long long)clock_of(CLOCK_MONOTONIC));
    for (;;) {
        uint8_t bytes[128], space[256];
        struct sockaddr_ll from;
        struct iovec part = {bytes, sizeof bytes};
        struct msghdr header = {&from, sizeof from, &part, 1, space, sizeof space, 0};
        ssize_t got = recvmsg(wire, &header, 0);
        if (got < 0) return perror("wire"), 1;
        /* The loopback shows each packet twice, on its way out and on its way in. */
        if (from.sll_pkttype == PACKET_OUTGOING) continue;
        int64_t since = clock_of(CLOCK_MONOTONIC) - clock_of(CLOCK_REALTIME);
        for (struct cmsghdr *control = CMSG_FIRSTHDR(&header); control; control = CMSG_NXTHDR(&header, control)) {
            struct timespec stamp;
            if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_TIMESTAMPNS) continue;
            memcpy(&stamp, CMSG_DATA(control), sizeof stamp);
            packet(bytes, got, stamp.tv_sec * 1000000000ll + stamp.tv_nsec + since);
        }
    }
}
