/* Names of hosts and users; addresses as text. */
#include "engage.h"

CASE(getaddrinfo)
{
    static char host[] = "127.0.0.1";
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM}, *a;
    CHECK(CALL(getaddrinfo)(host, "80", &hints, &a) == 0);
    READS(host, sizeof host);
    READS(&hints, sizeof hints);
    WRITES(&a, sizeof a);
    WRITES(a, sizeof *a);
    WRITES(a->ai_addr, a->ai_addrlen);
    freeaddrinfo(a);
}

CASE(getnameinfo)
{
    static char host[64];
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    CHECK(CALL(getnameinfo)((struct sockaddr *)&a, sizeof a, host, sizeof host, NULL, 0, NI_NUMERICHOST) == 0);
    CHECK(strcmp(host, "127.0.0.1") == 0);
    READS(&a, sizeof a);
    WRITES(host, 10);
}

static char buffer[1024];

#define FINDS_USER(name, key) \
    CASE(name) \
    { \
        struct passwd p, *found; \
        CHECK(CALL(name)(key, &p, buffer, sizeof buffer, &found) == 0 && found == &p && \
              strcmp(p.pw_name, "root") == 0); \
        WRITES(&found, sizeof found); \
        WRITES(&p, sizeof p); \
        WRITES(p.pw_name, 5); \
    }
#define FINDS_GROUP(name, key) \
    CASE(name) \
    { \
        struct group g, *found; \
        CHECK(CALL(name)(key, &g, buffer, sizeof buffer, &found) == 0 && found == &g && \
              strcmp(g.gr_name, "root") == 0); \
        WRITES(&found, sizeof found); \
        WRITES(&g, sizeof g); \
        WRITES(g.gr_name, 5); \
    }
#define FINDS_STATIC(name, key) \
    CASE(name) \
    { \
        __typeof__(*CALL(name)(key)) *found = CALL(name)(key); \
        CHECK(found != NULL); \
        WRITES(found, sizeof *found); \
    }

FINDS_USER(getpwnam_r, "root")
FINDS_USER(getpwuid_r, 0)
FINDS_GROUP(getgrnam_r, "root")
FINDS_GROUP(getgrgid_r, 0)
FINDS_STATIC(getpwnam, "root")
FINDS_STATIC(getpwuid, 0)
FINDS_STATIC(getgrnam, "root")
FINDS_STATIC(getgrgid, 0)
FINDS_STATIC(gethostbyname, "127.0.0.1")

CASE(if_nametoindex)
{
    static char name[] = "lo";
    CHECK(CALL(if_nametoindex)(name) > 0);
    READS(name, 3);
}

CASE(if_indextoname)
{
    CHECK(CALL(if_indextoname)(if_nametoindex("lo"), buffer) == buffer && strcmp(buffer, "lo") == 0);
    WRITES(buffer, 3);
}

static struct in_addr a = {0x0100007f};
static char text[] = "127.0.0.1";

CASE(inet_ntop)
{
    CHECK(CALL(inet_ntop)(AF_INET, &a, buffer, sizeof buffer) == buffer && strcmp(buffer, text) == 0);
    READS(&a, sizeof a);
    WRITES(buffer, sizeof text);
}

CASE(inet_pton)
{
    struct in_addr b;
    CHECK(CALL(inet_pton)(AF_INET, text, &b) == 1 && b.s_addr == a.s_addr);
    READS(text, sizeof text);
    WRITES(&b, sizeof b);
}

CASE(inet_aton)
{
    struct in_addr b;
    CHECK(CALL(inet_aton)(text, &b) && b.s_addr == a.s_addr);
    READS(text, sizeof text);
    WRITES(&b, sizeof b);
}

CASE(inet_addr)
{
    CHECK(CALL(inet_addr)(text) == a.s_addr);
    READS(text, sizeof text);
}

static int error;
static char service[] = "http", protocol[] = "tcp";

/* Services and protocols are files of a package that need not be there. */
#define FINDS_INTO(name, type, needed, ...) \
    CASE(name) \
    { \
        struct type to, *found; \
        int outcome = CALL(name)(__VA_ARGS__); \
        CHECK(outcome == 0 || !needed); \
        WRITES(&found, sizeof found); \
        if (found) \
            WRITES(&to, sizeof to); \
        CHECK(found == &to || (!needed && !found)); \
    }
#define FINDS_ONE(name, type, needed, ...) \
    CASE(name) \
    { \
        struct type *found = CALL(name)(__VA_ARGS__); \
        CHECK(found || !needed); \
        if (found) \
            WRITES(found, sizeof *found); \
    }

FINDS_INTO(gethostbyname_r, hostent, true, text, &to, buffer, sizeof buffer, &found, &error)
FINDS_INTO(gethostbyname2_r, hostent, true, text, AF_INET, &to, buffer, sizeof buffer, &found, &error)
FINDS_INTO(gethostbyaddr_r, hostent, false, &a, sizeof a, AF_INET, &to, buffer, sizeof buffer, &found, &error)
FINDS_INTO(getservbyname_r, servent, false, service, protocol, &to, buffer, sizeof buffer, &found)
FINDS_INTO(getservbyport_r, servent, false, htons(80), protocol, &to, buffer, sizeof buffer, &found)
FINDS_INTO(getprotobyname_r, protoent, false, protocol, &to, buffer, sizeof buffer, &found)
FINDS_INTO(getprotobynumber_r, protoent, false, 6, &to, buffer, sizeof buffer, &found)
FINDS_ONE(gethostbyname2, hostent, true, text, AF_INET)
FINDS_ONE(gethostbyaddr, hostent, false, &a, sizeof a, AF_INET)
FINDS_ONE(getservbyname, servent, false, service, protocol)
FINDS_ONE(getservbyport, servent, false, htons(80), protocol)
FINDS_ONE(getprotobyname, protoent, false, protocol)
FINDS_ONE(getprotobynumber, protoent, false, 6)

CASE(getifaddrs)
{
    struct ifaddrs *list;
    CHECK(CALL(getifaddrs)(&list) == 0 && list != NULL);
    WRITES(&list, sizeof list);
    freeifaddrs(list);
}
