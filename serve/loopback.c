/* Keeps the appliance's inner doors on the loopback interface.
 *
 * Ray, Serve and HAProxy listen on every interface in places that no setting reaches. Loaded by
 * LD_PRELOAD, this turns "listen on every interface" into "listen on loopback" for stream
 * sockets, except for the one port named in LOOPBACK_EXCEPT_PORT. It needs no root, firewall or
 * network namespace.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

typedef int (*bind_function)(int, const struct sockaddr *, socklen_t);

static int option(int fd, int level, int name) {
    int value = 0;
    socklen_t size = sizeof value;
    return getsockopt(fd, level, name, &value, &size) == 0 ? value : 0;
}

static int is_public(in_port_t port) {
    const char *exempt = getenv("LOOPBACK_EXCEPT_PORT");
    return exempt && atoi(exempt) == ntohs(port);
}

static int bind_v4(bind_function real, int fd, const struct sockaddr *address, socklen_t length) {
    struct sockaddr_in inner = *(const struct sockaddr_in *)address;
    if (inner.sin_addr.s_addr != htonl(INADDR_ANY) || is_public(inner.sin_port))
        return real(fd, address, length);
    inner.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return real(fd, (const struct sockaddr *)&inner, sizeof inner);
}

static int bind_v6(bind_function real, int fd, const struct sockaddr *address, socklen_t length) {
    struct sockaddr_in6 inner = *(const struct sockaddr_in6 *)address;
    if (!IN6_IS_ADDR_UNSPECIFIED(&inner.sin6_addr) || is_public(inner.sin6_port))
        return real(fd, address, length);
    if (option(fd, IPPROTO_IPV6, IPV6_V6ONLY)) {
        inner.sin6_addr = in6addr_loopback;
    } else { /* a dual socket: its users come over IPv4, so ::ffff:127.0.0.1 */
        inner.sin6_addr = in6addr_any;
        inner.sin6_addr.s6_addr[10] = inner.sin6_addr.s6_addr[11] = 0xff;
        inner.sin6_addr.s6_addr[12] = 127;
        inner.sin6_addr.s6_addr[15] = 1;
    }
    return real(fd, (const struct sockaddr *)&inner, sizeof inner);
}

int bind(int fd, const struct sockaddr *address, socklen_t length) {
    bind_function real = (bind_function)dlsym(RTLD_NEXT, "bind");
    if (option(fd, SOL_SOCKET, SO_TYPE) != SOCK_STREAM)
        return real(fd, address, length);
    if (address->sa_family == AF_INET && length >= sizeof(struct sockaddr_in))
        return bind_v4(real, fd, address, length);
    if (address->sa_family == AF_INET6 && length >= sizeof(struct sockaddr_in6))
        return bind_v6(real, fd, address, length);
    return real(fd, address, length);
}
