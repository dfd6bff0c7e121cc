#include "app/sim/workers.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WAIT_NS 100000000 /* between two calls of `waiting` */

struct crew {
    const struct workers *workers;
    sigset_t signals;
    struct worker {
        pid_t process; /* 0: none */
        size_t piece;
    } at[WORKERS_MAX];
    size_t begun, ended;
    bool is_stopped;
};

void *workers_share(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

/* SIGINT and SIGTERM stay blocked in it: the parent ends its workers, whatever happens to it. */
static void work(const struct crew *crew, pid_t parent, size_t piece)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() == parent)
        crew->workers->work(crew->workers->context, piece);
    _exit(0);
}

static bool begin(struct crew *crew, struct worker *worker)
{
    pid_t parent = getpid();
    fflush(NULL);
    worker->process = fork();
    worker->piece = crew->begun;
    if (worker->process == 0)
        work(crew, parent, worker->piece);
    if (worker->process < 0) {
        worker->process = 0;
        return false;
    }
    crew->begun++;
    return true;
}

static bool fill(struct crew *crew)
{
    for (unsigned i = 0; i < crew->workers->jobs && i < WORKERS_MAX; i++)
        if (!crew->at[i].process && crew->begun < crew->workers->n && !begin(crew, &crew->at[i]))
            return false;
    return true;
}

static void reap(struct crew *crew)
{
    int status;
    for (size_t i = 0; i < WORKERS_MAX; i++) {
        struct worker *worker = &crew->at[i];
        if (!worker->process || waitpid(worker->process, &status, WNOHANG) != worker->process)
            continue;
        worker->process = 0;
        crew->ended++;
        if (!crew->workers->ended(
                crew->workers->context, worker->piece, WIFSIGNALED(status) ? WTERMSIG(status) : 0))
            crew->is_stopped = true;
    }
}

static void end_all(struct crew *crew)
{
    for (size_t i = 0; i < WORKERS_MAX; i++) {
        if (!crew->at[i].process)
            continue;
        kill(crew->at[i].process, SIGKILL);
        waitpid(crew->at[i].process, NULL, 0);
    }
}

/* Until one ends, a while passes or we are to stop; false: the last. */
static bool wait_a_while(const struct crew *crew)
{
    const struct timespec while_ns = {.tv_nsec = WAIT_NS};
    int number = sigtimedwait(&crew->signals, NULL, &while_ns);
    return number != SIGINT && number != SIGTERM;
}

static enum workers_end run(struct crew *crew)
{
    while (!crew->is_stopped && crew->ended < crew->workers->n) {
        if (!fill(crew))
            return WORKERS_NO_PROCESS;
        if (!wait_a_while(crew))
            return WORKERS_INTERRUPTED;
        reap(crew);
        crew->workers->waiting(crew->workers->context);
    }
    return WORKERS_DONE;
}

enum workers_end workers_run(const struct workers *workers)
{
    struct crew crew = {.workers = workers};
    sigemptyset(&crew.signals);
    sigaddset(&crew.signals, SIGCHLD);
    sigaddset(&crew.signals, SIGINT);
    sigaddset(&crew.signals, SIGTERM);
    sigprocmask(SIG_BLOCK, &crew.signals, NULL);
    enum workers_end end = run(&crew);
    int error = errno;
    end_all(&crew);
    errno = error;
    return end;
}
