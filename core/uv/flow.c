#include "uv/flow.h"

#include "uv/sockaddr.h"
#include "uv/state.h"
#include <errno.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

/* Bytes that wait for the socket or for their time. */
struct tcp_block {
    uv_write_t request; /* first: a request is its block */
    bool in_flight;     /* given to libuv, which still needs it */
    int64_t due_ms;     /* then: must be taken by then; else: held until then */
    size_t n;
    char bytes[];
};

static uv_stream_t *stream_of(struct tcp *tcp)
{
    return (uv_stream_t *)&tcp->handle;
}

static int64_t mono_ms(const struct tcp *tcp)
{
    return host_now(tcp->host).mono_ms;
}

/* ---- writing ---- */

static void on_written(uv_write_t *request, int status)
{
    struct tcp *tcp = (struct tcp *)request->handle;
    struct tcp_block *block = (struct tcp_block *)request;
    if (tcp->state == TCP_CLOSED) {
        free(block);
        return;
    }
    struct host *host = tcp->host;
    tcp->block = NULL;
    free(block);
    if (status < 0)
        tcp_fail(tcp, err_of_uv(status));
    else
        flow_progress(tcp);
    host_settle(host);
}

static int block_send(struct tcp *tcp)
{
    struct tcp_block *block = tcp->block;
    uv_buf_t buf = uv_buf_init(block->bytes, (unsigned)block->n);
    int code = uv_write(&block->request, stream_of(tcp), &buf, 1, on_written);
    block->in_flight = code == 0;
    block->due_ms = mono_ms(tcp) + tcp->host->settings->write_timeout_ms;
    return code;
}

static enum err block_keep(struct tcp *tcp, const uint8_t *bytes, size_t n)
{
    struct tcp_block *block = malloc(sizeof *block + n);
    if (!block)
        return ERR_NO_MEMORY;
    block->in_flight = false;
    block->due_ms = mono_ms(tcp) + tcp->host->settings->write_delay_ms;
    block->n = n;
    memcpy(block->bytes, bytes, n);
    tcp->block = block;
    return ERR_OK;
}

static uv_os_fd_t socket_of(const struct tcp *tcp)
{
    uv_os_fd_t fd = -1;
    uv_fileno((const uv_handle_t *)&tcp->handle, &fd);
    return fd;
}

/* The last bytes before a shutdown wait for it, and leave in one packet with it. */
static ssize_t send_now(struct tcp *tcp, const uint8_t *bytes, size_t n)
{
    bool last = tcp->state == TCP_FLUSHING && link_is_drained(tcp->link);
    ssize_t taken =
        send(socket_of(tcp), bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL | (last ? MSG_MORE : 0));
    if (taken >= 0)
        return taken;
    return errno == EAGAIN ? 0 : -errno;
}

static enum err write_out(struct tcp *tcp, const uint8_t *bytes, size_t n)
{
    tcp->host->counts.bytes_out += n;
    if (tcp->host->settings->write_delay_ms > 0)
        return block_keep(tcp, bytes, n);
    ssize_t sent = send_now(tcp, bytes, n);
    if (sent < 0)
        return err_of_uv((int)sent);
    size_t taken = (size_t)sent;
    if (taken == n)
        return ERR_OK;
    enum err err = block_keep(tcp, bytes + taken, n - taken);
    return err ? err : err_of_uv(block_send(tcp));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf);
static void give_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *buf);

void flow_read(struct tcp *tcp)
{
    if (!tcp->reading && !tcp->read_all)
        tcp->reading = uv_read_start(stream_of(tcp), give_buffer, on_read) == 0;
}

static void read_pause(struct tcp *tcp)
{
    uv_read_stop(stream_of(tcp));
    tcp->reading = false;
}

bool flow_has_unsent(const struct tcp *tcp)
{
    int n = 0;
    return tcp->block || (ioctl(socket_of(tcp), SIOCOUTQ, &n) == 0 && n > 0);
}

void flow_linger(struct tcp *tcp)
{
    tcp->until_ms = mono_ms(tcp) + TCP_LINGER_MS;
    tcp_schedule(tcp);
}

static void begin_to_linger(struct tcp *tcp)
{
    if (tcp->read_all || shutdown(socket_of(tcp), SHUT_WR) != 0) {
        tcp_drop(tcp);
        return;
    }
    link_free(tcp->link);
    tcp->link = NULL;
    tcp->state = TCP_LINGERING;
    flow_read(tcp);
    flow_linger(tcp);
}

void flow_progress(struct tcp *tcp)
{
    struct workspace *workspace = tcp->host->workspace;
    while (!tcp->block) {
        size_t n = link_transmit(
            tcp->link, host_now(tcp->host), workspace->sealed, sizeof workspace->sealed);
        if (n == 0)
            break;
        enum err err = write_out(tcp, workspace->sealed, n);
        if (err) {
            tcp_fail(tcp, err);
            return;
        }
    }
    if (tcp->state == TCP_FLUSHING && !tcp->block && link_is_drained(tcp->link))
        begin_to_linger(tcp);
    else
        tcp_schedule(tcp);
}

/* ---- reading ---- */

static void give_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    (void)suggested;
    struct workspace *workspace = ((struct tcp *)handle)->host->workspace;
    *buf = uv_buf_init((char *)workspace->received, sizeof workspace->received);
}

/* What a failed link sealed before it failed, if the socket takes it now. */
static void write_last(struct tcp *tcp)
{
    struct workspace *workspace = tcp->host->workspace;
    size_t n = tcp->block ? 0
                          : link_transmit(tcp->link, host_now(tcp->host), workspace->sealed,
                                sizeof workspace->sealed);
    if (n > 0)
        send_now(tcp, workspace->sealed, n);
}

static void discard(struct tcp *tcp, size_t n)
{
    tcp->discarded += (uint32_t)n;
    if (tcp->discarded > TCP_DISCARD_MAX)
        tcp_cut(tcp);
}

/* To answer a key costs more than all else: not for who has left already, as those do who connect,
 * send any 32 bytes and reset, over and over. */
static bool is_not_worth_a_key(const struct tcp *tcp)
{
    struct tcp_info info;
    socklen_t n = sizeof info;
    return tcp->line == &tcp->host->mute &&
        getsockopt(socket_of(tcp), IPPROTO_TCP, TCP_INFO, &info, &n) == 0 &&
        info.tcpi_state != TCP_ESTABLISHED;
}

static void take_bytes(struct tcp *tcp, uint8_t *bytes, size_t n)
{
    tcp->host->counts.bytes_in += n;
    if (tcp->state != TCP_OPEN) {
        discard(tcp, n);
        return;
    }
    if (is_not_worth_a_key(tcp)) {
        tcp_fail(tcp, ERR_RESET);
        return;
    }
    struct now now = host_now(tcp->host);
    enum err err = link_receive(tcp->link, now, bytes, n);
    if (err) {
        write_last(tcp);
        tcp_fail(tcp, err);
        return;
    }
    tcp_heard(tcp);
    if (link_read_resume_ms(tcp->link, now) > now.mono_ms)
        read_pause(tcp);
    flow_progress(tcp);
}

/* The peer may close its sending side and still read what we flush. */
static void read_ended(struct tcp *tcp, int code)
{
    if (tcp->state == TCP_FLUSHING && code == UV_EOF) {
        tcp->read_all = true;
        read_pause(tcp);
    } else if (tcp->state == TCP_OPEN) {
        tcp_fail(tcp, err_of_uv(code));
    } else {
        tcp_drop(tcp);
    }
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct tcp *tcp = (struct tcp *)stream;
    struct host *host = tcp->host;
    if (n > 0)
        take_bytes(tcp, (uint8_t *)buf->base, (size_t)n);
    else if (n < 0)
        read_ended(tcp, (int)n);
    host_settle(host);
}

void flow_due(struct tcp *tcp)
{
    int64_t now_ms = mono_ms(tcp);
    if (tcp->block && now_ms >= tcp->block->due_ms) {
        enum err err = tcp->block->in_flight ? ERR_TIMEOUT : err_of_uv(block_send(tcp));
        if (err) {
            tcp_fail(tcp, err);
            return;
        }
    }
    if (tcp->state == TCP_OPEN && link_read_resume_ms(tcp->link, host_now(tcp->host)) <= now_ms)
        flow_read(tcp);
    flow_progress(tcp);
}

void flow_drop_block(struct tcp *tcp)
{
    if (tcp->block && !tcp->block->in_flight)
        free(tcp->block);
    tcp->block = NULL;
}

int64_t flow_deadline_ms(const struct tcp *tcp)
{
    int64_t at_ms = NEVER_MS;
    if (tcp->block)
        at_ms = tcp->block->due_ms;
    if (tcp->state == TCP_OPEN && !tcp->reading)
        at_ms = earlier_ms(at_ms, link_read_resume_ms(tcp->link, host_now(tcp->host)));
    return at_ms;
}
