/* Names of hosts and users, and addresses as text.
 *
 * A look-up may run through plugins (NSS) that keep their own state behind locks which nobody here sees, and call the
 * string functions through our wrappers: what such a call does is ignored, and only its result is told. */
#include "alloc.h"
#include "touch.h"

static void looking_up(struct actor *me)
{
    if (me)
        actor_ignore_begin(me);
}

static void looked_up(struct actor *me)
{
    if (me)
        actor_ignore_end(me);
}

INTERPOSE(int, getaddrinfo,
          (const char *restrict host, const char *restrict service, const struct addrinfo *restrict hints,
           struct addrinfo **restrict to))
{
    struct actor *me = current();
    if (me) {
        read_optional_string(me, host, CALLER);
        read_optional_string(me, service, CALLER);
        read_if(me, hints, sizeof *hints, CALLER);
    }
    looking_up(me);
    int result = PARKED(me, "getaddrinfo", -1, REAL(getaddrinfo)(host, service, hints, to));
    looked_up(me);
    if (me && result == 0) {
        mem_write(me, to, sizeof *to, CALLER);
        for (const struct addrinfo *a = *to; a; a = a->ai_next) {
            mem_write(me, a, sizeof *a, CALLER);
            write_if(me, a->ai_addr, a->ai_addrlen, CALLER);
            if (a->ai_canonname)
                write_string(me, a->ai_canonname, CALLER);
        }
    }
    return result;
}

INTERPOSE(int, getnameinfo,
          (const struct sockaddr *restrict a, socklen_t size, char *restrict host, socklen_t host_room,
           char *restrict service, socklen_t service_room, int flags))
{
    struct actor *me = current();
    if (me)
        read_if(me, a, size, CALLER);
    looking_up(me);
    int result = REAL(getnameinfo)(a, size, host, host_room, service, service_room, flags);
    looked_up(me);
    if (me && result == 0) {
        if (host && host_room)
            write_string(me, host, CALLER);
        if (service && service_room)
            write_string(me, service, CALLER);
    }
    return result;
}

/* ---- users. The strings lie in the program's buffer; the record points at them. ------------------------------------- */

#define LOOK_UP_USER(name, key_type) \
    INTERPOSE(int, name, (key_type key, struct passwd * to, char *buffer, size_t room, struct passwd **result)) \
    { \
        struct actor *me = current(); \
        looking_up(me); \
        int error = REAL(name)(key, to, buffer, room, result); \
        looked_up(me); \
        if (me) \
            mem_write(me, result, sizeof *result, CALLER); \
        if (me && error == 0 && *result) { \
            mem_write(me, to, sizeof *to, CALLER); \
            write_string(me, to->pw_name, CALLER); \
            write_string(me, to->pw_passwd, CALLER); \
            write_string(me, to->pw_gecos, CALLER); \
            write_string(me, to->pw_dir, CALLER); \
            write_string(me, to->pw_shell, CALLER); \
        } \
        return error; \
    }

#define LOOK_UP_GROUP(name, key_type) \
    INTERPOSE(int, name, (key_type key, struct group * to, char *buffer, size_t room, struct group **result)) \
    { \
        struct actor *me = current(); \
        looking_up(me); \
        int error = REAL(name)(key, to, buffer, room, result); \
        looked_up(me); \
        if (me) \
            mem_write(me, result, sizeof *result, CALLER); \
        if (me && error == 0 && *result) { \
            mem_write(me, to, sizeof *to, CALLER); \
            write_string(me, to->gr_name, CALLER); \
            write_string(me, to->gr_passwd, CALLER); \
        } \
        return error; \
    }

LOOK_UP_USER(getpwnam_r, const char *)
LOOK_UP_USER(getpwuid_r, uid_t)
LOOK_UP_GROUP(getgrnam_r, const char *)
LOOK_UP_GROUP(getgrgid_r, gid_t)

/* One static record for all threads. */
#define LOOK_UP_STATIC(type, name, key_type) LOOK_UP_STATIC_BY(type, name, (key_type key), key)
#define LOOK_UP_STATIC_BY(type, name, params, ...) \
    INTERPOSE(type *, name, params) \
    { \
        struct actor *me = current(); \
        looking_up(me); \
        type *found = REAL(name)(__VA_ARGS__); \
        looked_up(me); \
        if (me && found) \
            mem_write(me, found, sizeof *found, CALLER); \
        return found; \
    }

LOOK_UP_STATIC(struct passwd, getpwnam, const char *)
LOOK_UP_STATIC(struct passwd, getpwuid, uid_t)
LOOK_UP_STATIC(struct group, getgrnam, const char *)
LOOK_UP_STATIC(struct group, getgrgid, gid_t)
LOOK_UP_STATIC(struct hostent, gethostbyname, const char *)
LOOK_UP_STATIC_BY(struct hostent, gethostbyname2, (const char *key, int family), key, family)
LOOK_UP_STATIC_BY(struct hostent, gethostbyaddr, (const void *key, socklen_t size, int family), key, size, family)
LOOK_UP_STATIC_BY(struct servent, getservbyname, (const char *key, const char *protocol), key, protocol)
LOOK_UP_STATIC_BY(struct servent, getservbyport, (int key, const char *protocol), key, protocol)
LOOK_UP_STATIC(struct protoent, getprotobyname, const char *)
LOOK_UP_STATIC(struct protoent, getprotobynumber, int)

/* ---- hosts, services, protocols ------------------------------------------------------------------------------------- */

#define GIVEN(...) __VA_ARGS__

#define LOOK_UP_INTO(name, text, params, ...) \
    INTERPOSE(int, name, (params)) \
    { \
        struct actor *me = current(); \
        looking_up(me); \
        int failed = PARKED(me, #name, -1, REAL(name)(__VA_ARGS__)); \
        looked_up(me); \
        if (me) \
            mem_write(me, result, sizeof *result, CALLER); \
        if (me && failed == 0 && *result) { \
            mem_write(me, to, sizeof *to, CALLER); \
            write_string(me, to->text, CALLER); \
        } \
        return failed; \
    }

LOOK_UP_INTO(gethostbyname_r, h_name,
             GIVEN(const char *key, struct hostent *to, char *buffer, size_t room, struct hostent **result, int *error), key,
             to, buffer, room, result, error)
LOOK_UP_INTO(gethostbyname2_r, h_name,
             GIVEN(const char *key, int family, struct hostent *to, char *buffer, size_t room, struct hostent **result,
                   int *error),
             key, family, to, buffer, room, result, error)
LOOK_UP_INTO(gethostbyaddr_r, h_name,
             GIVEN(const void *key, socklen_t size, int family, struct hostent *to, char *buffer, size_t room,
                   struct hostent **result, int *error),
             key, size, family, to, buffer, room, result, error)
LOOK_UP_INTO(getservbyname_r, s_name,
             GIVEN(const char *key, const char *protocol, struct servent *to, char *buffer, size_t room,
                   struct servent **result),
             key, protocol, to, buffer, room, result)
LOOK_UP_INTO(getservbyport_r, s_name,
             GIVEN(int key, const char *protocol, struct servent *to, char *buffer, size_t room, struct servent **result), key,
             protocol, to, buffer, room, result)
LOOK_UP_INTO(getprotobyname_r, p_name,
             GIVEN(const char *key, struct protoent *to, char *buffer, size_t room, struct protoent **result), key, to, buffer,
             room, result)
LOOK_UP_INTO(getprotobynumber_r, p_name,
             GIVEN(int key, struct protoent *to, char *buffer, size_t room, struct protoent **result), key, to, buffer, room,
             result)

INTERPOSE(int, getifaddrs, (struct ifaddrs * *to))
{
    struct actor *me = current();
    int result = REAL(getifaddrs)(to);
    if (me && result == 0)
        mem_write(me, to, sizeof *to, CALLER);
    return result;
}

INTERPOSE(unsigned, if_nametoindex, (const char *name))
{
    struct actor *me = current();
    if (me)
        read_string(me, name, CALLER);
    return REAL(if_nametoindex)(name);
}

INTERPOSE_NAMED(char *, if_indextoname, (unsigned index, char *to))
{
    struct actor *me = current();
    char *name = REAL(if_indextoname)(index, to);
    if (me && name)
        write_string(me, name, CALLER);
    return name;
}

/* ---- addresses as text ------------------------------------------------------------------------------------------------ */

static size_t address_size(int family)
{
    return family == AF_INET6 ? sizeof(struct in6_addr) : sizeof(struct in_addr);
}

INTERPOSE(const char *, inet_ntop, (int family, const void *restrict a, char *restrict to, socklen_t room))
{
    struct actor *me = current();
    if (me)
        mem_read(me, a, address_size(family), CALLER);
    const char *text = REAL(inet_ntop)(family, a, to, room);
    if (me && text)
        write_string(me, text, CALLER);
    return text;
}

INTERPOSE(int, inet_pton, (int family, const char *restrict s, void *restrict to))
{
    struct actor *me = current();
    if (me)
        read_string(me, s, CALLER);
    int result = REAL(inet_pton)(family, s, to);
    if (me && result == 1)
        mem_write(me, to, address_size(family), CALLER);
    return result;
}

INTERPOSE(int, inet_aton, (const char *s, struct in_addr *to))
{
    struct actor *me = current();
    if (me)
        read_string(me, s, CALLER);
    int result = REAL(inet_aton)(s, to);
    if (me && result)
        write_if(me, to, sizeof *to, CALLER);
    return result;
}

INTERPOSE(in_addr_t, inet_addr, (const char *s))
{
    struct actor *me = current();
    if (me)
        read_string(me, s, CALLER);
    return REAL(inet_addr)(s);
}
