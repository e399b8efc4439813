/* Faults in file operations, for a process that is started with LD_PRELOAD=faults.so. See faults.py.
 *
 * A seccomp filter traps the system calls that change files; the handler counts those on files below one folder, then
 * carries them out or fails them. Libraries that make system calls without libc, as LanceDB's renames do, are trapped
 * too. Reads are wrapped functions of libc, since a trapped read would end every program that the process starts: its
 * loader reads before this library is there. Those programs must have the library as well.
 *
 * FAULTS_ROOT     the folder, without links
 * FAULTS_COUNTER  a file of eight bytes: operations so far, of all processes
 * FAULTS_KIND     count, kill, torn, eio, enospc, read-count, read-eio, read-short
 * FAULTS_AT       the operation, from 1, at which the fault begins; enospc stays
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>

#define PATH_BYTES 4096
#define OURS 0x5afe /* the sixth argument, which none of these calls has, of the calls that the handler makes */

static const int trapped[] = {SYS_write,  SYS_pwrite64, SYS_writev,    SYS_pwritev, SYS_open,      SYS_openat, SYS_creat,
                              SYS_fsync,  SYS_fdatasync, SYS_rename,   SYS_renameat, SYS_renameat2, SYS_link,   SYS_linkat,
                              SYS_unlink, SYS_unlinkat, SYS_mkdir,     SYS_mkdirat, SYS_rmdir,     SYS_ftruncate,
                              SYS_truncate, SYS_sendfile, SYS_fallocate};
enum { COUNT, KILL, TORN, EIO_ONCE, FULL, READ_COUNT, READ_EIO, READ_SHORT };
static const char *const kinds[] = {"count", "kill", "torn", "eio", "enospc", "read-count", "read-eio", "read-short"};

static char root[PATH_BYTES];
static size_t root_bytes;
static long *counter, at;
static int kind = -1;

static long call(long nr, long a, long b, long c, long d, long e) {
    long result = syscall(nr, a, b, c, d, e, (long)OURS);
    return result < 0 ? -errno : result;
}

static int below_root(const char *path) {
    return strncmp(path, root, root_bytes) == 0 && (path[root_bytes] == '/' || path[root_bytes] == 0);
}

static int link_below_root(const char *link, const char *rest) {
    char path[2 * PATH_BYTES];
    ssize_t bytes = readlink(link, path, PATH_BYTES - 1);
    if (bytes < 0) return 0;
    path[bytes] = 0;
    if (rest) {
        path[bytes++] = '/';
        strncpy(path + bytes, rest, PATH_BYTES - 1);
        path[bytes + PATH_BYTES - 1] = 0;
    }
    return below_root(path);
}

static int fd_below_root(long fd) {
    char link[40] = "/proc/self/fd/";
    char digits[20];
    int n = 0, end = (int)strlen(link);
    if (fd <= 2) return 0;
    do digits[n++] = (char)('0' + fd % 10);
    while (fd /= 10);
    while (n) link[end++] = digits[--n];
    link[end] = 0;
    return link_below_root(link, NULL);
}

static int path_below_root(long dir, const char *path) {
    if (!path) return 0;
    if (path[0] == '/') return below_root(path);
    if ((int)dir == AT_FDCWD) return link_below_root("/proc/self/cwd", path);
    char link[40];
    snprintf(link, sizeof link, "/proc/self/fd/%d", (int)dir);
    return link_below_root(link, path);
}

/* Whether a trapped call changes something below the root. */
static int counts(long nr, const greg_t *g) {
    long a = g[REG_RDI], b = g[REG_RSI], c = g[REG_RDX];
    switch (nr) {
    case SYS_open: case SYS_creat: case SYS_unlink: case SYS_mkdir: case SYS_rmdir: case SYS_truncate:
        return path_below_root(AT_FDCWD, (const char *)a);
    case SYS_rename: case SYS_link:
        return path_below_root(AT_FDCWD, (const char *)a) || path_below_root(AT_FDCWD, (const char *)b);
    case SYS_openat: case SYS_unlinkat: case SYS_mkdirat:
        return path_below_root(a, (const char *)b);
    case SYS_renameat: case SYS_renameat2: case SYS_linkat:
        return path_below_root(a, (const char *)b) || path_below_root(c, (const char *)g[REG_R10]);
    default:
        return fd_below_root(a);
    }
}

static int needs_space(long nr) {
    switch (nr) {
    case SYS_write: case SYS_pwrite64: case SYS_writev: case SYS_pwritev: case SYS_sendfile: case SYS_fallocate:
    case SYS_open: case SYS_openat: case SYS_creat: case SYS_mkdir: case SYS_mkdirat: case SYS_link: case SYS_linkat:
        return 1;
    default:
        return 0;
    }
}

/* The first half of a write, as a disk that fails in the middle leaves it. */
static void write_half(long nr, const greg_t *g) {
    long bytes = g[REG_RDX];
    if (nr == SYS_write || nr == SYS_pwrite64) call(nr, g[REG_RDI], g[REG_RSI], bytes / 2, g[REG_R10], 0);
    if (nr == SYS_writev && bytes > 0) {
        const struct iovec *first = (const struct iovec *)g[REG_RSI];
        call(SYS_write, g[REG_RDI], (long)first->iov_base, (long)first->iov_len / 2, 0, 0);
    }
}

static void die(void) {
    call(SYS_kill, getpid(), SIGKILL, 0, 0, 0);
    for (;;) pause();
}

/* The result of a call that is not carried out, or 1 if it is to be. */
static long fault(long nr, const greg_t *g) {
    long number = __sync_add_and_fetch(counter, 1);
    if (kind == FULL && number >= at && needs_space(nr)) {
        if (number == at) write_half(nr, g);
        return -ENOSPC;
    }
    if (number != at) return 1;
    if (kind == KILL) die();
    if (kind == TORN) {
        if (nr == SYS_write || nr == SYS_pwrite64 || nr == SYS_writev)
            write_half(nr, g);
        else
            call(nr, g[REG_RDI], g[REG_RSI], g[REG_RDX], g[REG_R10], g[REG_R8]);
        die();
    }
    if (kind == EIO_ONCE) {
        write_half(nr, g);
        return -EIO;
    }
    return 1;
}

static void on_trap(int signal, siginfo_t *info, void *context) {
    (void)signal;
    (void)info;
    greg_t *g = ((ucontext_t *)context)->uc_mcontext.gregs;
    int before = errno;
    long nr = g[REG_RAX], result = 1;
    if (kind >= 0 && counts(nr, g)) result = fault(nr, g);
    if (result == 1) result = call(nr, g[REG_RDI], g[REG_RSI], g[REG_RDX], g[REG_R10], g[REG_R8]);
    g[REG_RAX] = result;
    errno = before;
}

/* Bytes to ask for in a read on ``fd``, or -1 for a failed one. */
static ssize_t to_read(int fd, size_t bytes) {
    if (kind < READ_COUNT || !fd_below_root(fd)) return (ssize_t)bytes;
    if (__sync_add_and_fetch(counter, 1) != at || kind == READ_COUNT) return (ssize_t)bytes;
    if (kind == READ_SHORT) return (ssize_t)(bytes > 1 ? bytes / 2 : bytes);
    errno = EIO;
    return -1;
}

ssize_t read(int fd, void *buffer, size_t bytes) {
    ssize_t wanted = to_read(fd, bytes);
    return wanted < 0 ? -1 : syscall(SYS_read, fd, buffer, wanted);
}

ssize_t pread64(int fd, void *buffer, size_t bytes, off64_t offset) {
    ssize_t wanted = to_read(fd, bytes);
    return wanted < 0 ? -1 : syscall(SYS_pread64, fd, buffer, wanted, offset);
}

ssize_t pread(int fd, void *buffer, size_t bytes, off_t offset) { return pread64(fd, buffer, bytes, offset); }

static int trap(void) {
    enum { N = sizeof trapped / sizeof *trapped };
    struct sock_filter code[5 * N + 8];
    int n = 0;
#define LOAD(field) code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define RETURN(value) code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, value)
#define UNLESS(test, value, skip) code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | (test) | BPF_K, value, 0, skip)
    LOAD(args[5]);
    UNLESS(BPF_JEQ, OURS, 1);
    RETURN(SECCOMP_RET_ALLOW);
    for (int i = 0; i < N; i++) {
        int flags = trapped[i] == SYS_openat ? 2 : trapped[i] == SYS_open ? 1 : 0;
        LOAD(nr);
        UNLESS(BPF_JEQ, (unsigned)trapped[i], flags ? 3 : 1);
        if (flags) { /* a file that is opened for reading is not changed */
            LOAD(args[flags]);
            UNLESS(BPF_JSET, O_CREAT | O_WRONLY | O_RDWR | O_TRUNC, 1);
        }
        RETURN(SECCOMP_RET_TRAP);
    }
    RETURN(SECCOMP_RET_ALLOW);
    struct sock_fprog program = {(unsigned short)n, code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) return -1;
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}

__attribute__((constructor)) static void begin(void) {
    /* First of all: the filter of the process that started this one is in force already. */
    struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO | SA_NODEFER | SA_RESTART};
    sigaction(SIGSYS, &action, NULL);
    const char *folder = getenv("FAULTS_ROOT"), *counting = getenv("FAULTS_COUNTER");
    const char *named = getenv("FAULTS_KIND"), *number = getenv("FAULTS_AT");
    if (!folder || !counting || !named) return;
    int file = open(counting, O_RDWR), wanted = -1;
    for (int i = 0; i < (int)(sizeof kinds / sizeof *kinds); i++)
        if (!strcmp(kinds[i], named)) wanted = i;
    if (file >= 0) counter = mmap(NULL, sizeof *counter, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (wanted < 0 || file < 0 || counter == MAP_FAILED) {
        fprintf(stderr, "faults.so: FAULTS_KIND or FAULTS_COUNTER is wrong\n");
        _exit(70);
    }
    close(file);
    strncpy(root, folder, sizeof root - 1);
    root_bytes = strlen(root);
    at = number ? atol(number) : 0;
    kind = wanted;
    if (kind < READ_COUNT && trap()) {
        perror("faults.so: no seccomp filter");
        _exit(71);
    }
}
