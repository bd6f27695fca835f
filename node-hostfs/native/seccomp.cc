// The system calls a server of files never makes, refused for good.
// @spec Linux seccomp(2)
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>

#include "call.h"

namespace hostfs {

namespace {

// New processes and programs; other processes; new connections; mounts and namespaces; files by anything but a path; the
// kernel itself.
constexpr uint32_t kRefused[] = {
    SYS_execve,      SYS_execveat,    SYS_fork,          SYS_vfork,         SYS_ptrace,       SYS_process_vm_readv,
    SYS_process_vm_writev, SYS_pidfd_open, SYS_pidfd_getfd, SYS_pidfd_send_signal, SYS_kcmp,  SYS_socket,
    SYS_socketpair,  SYS_connect,     SYS_bind,          SYS_listen,        SYS_accept,       SYS_accept4,
    SYS_mount,       SYS_umount2,     SYS_pivot_root,    SYS_chroot,        SYS_unshare,      SYS_setns,
    SYS_open_tree,   SYS_move_mount,  SYS_fsopen,        SYS_fsconfig,      SYS_fsmount,      SYS_fspick,
    SYS_mount_setattr, SYS_swapon,    SYS_swapoff,       SYS_quotactl,      SYS_acct,         SYS_open_by_handle_at,
    SYS_name_to_handle_at, SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register, SYS_bpf, SYS_perf_event_open,
    SYS_userfaultfd, SYS_add_key,     SYS_request_key,   SYS_keyctl,        SYS_init_module,  SYS_finit_module,
    SYS_delete_module, SYS_kexec_load, SYS_kexec_file_load, SYS_reboot,     SYS_settimeofday, SYS_clock_settime,
    SYS_adjtimex,    SYS_clock_adjtime, SYS_iopl,        SYS_ioperm,        SYS_personality,  SYS_sethostname,
    SYS_setdomainname, SYS_syslog,    SYS_setuid,        SYS_setgid,        SYS_setreuid,     SYS_setregid,
    SYS_setresuid,   SYS_setresgid,   SYS_setgroups,     SYS_setpgid,       SYS_setsid,
};
constexpr size_t kCount = sizeof kRefused / sizeof kRefused[0];

constexpr sock_filter Load(size_t offset) {
  return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(offset));
}
constexpr sock_filter Answer(uint32_t action) { return BPF_STMT(BPF_RET | BPF_K, action); }

std::vector<sock_filter> Program() {
  const uint32_t refuse = SECCOMP_RET_ERRNO | EPERM;
  const size_t number = offsetof(seccomp_data, nr);
  std::vector<sock_filter> program = {
      Load(offsetof(seccomp_data, arch)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
      Answer(SECCOMP_RET_KILL_PROCESS),
      Load(number),
      // The numbers of the x32 convention name the same calls once more.
      BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1),
      Answer(SECCOMP_RET_KILL_PROCESS),
      // Its flags are in memory, out of sight: without it the C library makes its threads by clone().
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 0, 1),
      Answer(SECCOMP_RET_ERRNO | ENOSYS),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 4),
      Load(offsetof(seccomp_data, args)),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 0, 1),
      Answer(SECCOMP_RET_ALLOW),
      Answer(refuse),
  };
  for (size_t i = 0; i < kCount; i++) {
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kRefused[i], static_cast<uint8_t>(kCount - i), 0));
  }
  program.push_back(Answer(SECCOMP_RET_ALLOW));
  program.push_back(Answer(refuse));
  return program;
}

struct RefuseEscapes {
  explicit RefuseEscapes(Args&) {}
  int64_t Run() {
    std::vector<sock_filter> program = Program();
    sock_fprog filter = {static_cast<unsigned short>(program.size()), program.data()};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -errno;
    // A thread that cannot be brought along is answered with its id.
    int64_t result = Errno([&] {
      return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter);
    });
    return result > 0 ? -ESRCH : result;
  }
};

}  // namespace

void ExportSeccomp(Napi::Env env, Napi::Object exports) {
  Export<RefuseEscapes>(env, exports, "refuseEscapes", "refuseEscapesAsync");
}

}  // namespace hostfs
