/** What programs in a sandbox have no business with, by machine: numbers of system calls (x86_64, aarch64). */
const REFUSED: Readonly<Record<string, readonly [x86: number, arm: number]>> = {
  // The kernel's own memory, code and keys.
  add_key: [248, 217],
  request_key: [249, 218],
  keyctl: [250, 219],
  bpf: [321, 280],
  perf_event_open: [298, 241],
  userfaultfd: [323, 282],
  kexec_load: [246, 104],
  kexec_file_load: [320, 294],
  init_module: [175, 105],
  finit_module: [313, 273],
  delete_module: [176, 106],
  syslog: [103, 116],
  // What has had many holes.
  io_uring_setup: [425, 425],
  io_uring_enter: [426, 426],
  io_uring_register: [427, 427],
  // Namespaces and mounts, with which one could look for a way out.
  unshare: [272, 97],
  setns: [308, 268],
  mount: [165, 40],
  umount2: [166, 39],
  pivot_root: [155, 41],
  open_tree: [428, 428],
  move_mount: [429, 429],
  fsopen: [430, 430],
  fsconfig: [431, 431],
  fsmount: [432, 432],
  fspick: [433, 433],
  mount_setattr: [442, 442],
  name_to_handle_at: [303, 264],
  open_by_handle_at: [304, 265],
  // The machine as a whole.
  reboot: [169, 142],
  swapon: [167, 224],
  swapoff: [168, 225],
  acct: [163, 89],
  quotactl: [179, 60],
  quotactl_fd: [443, 443],
  settimeofday: [164, 170],
  clock_settime: [227, 112],
  clock_adjtime: [305, 266],
  // Other processes' memory.
  process_vm_readv: [310, 270],
  process_vm_writev: [311, 271],
  kcmp: [312, 272],
  move_pages: [279, 239],
};

/** By the machine in the header of an ELF file (elf(5)): which column above, and the name of the kernel for it. */
const MACHINES: Readonly<Record<number, { column: 0 | 1; audit: number }>> = {
  62: { column: 0, audit: 0xc000_003e },
  183: { column: 1, audit: 0xc000_00b7 },
};

// Instructions of classic BPF (linux/bpf_common.h), and what a filter may answer (seccomp(2)).
const LOAD = 0x20;
const JUMP_EQUAL = 0x15;
const JUMP_GREATER_EQUAL = 0x35;
const RETURN = 0x06;
const ALLOW = 0x7fff_0000;
const FAIL_EPERM = 0x0005_0001;
const FAIL_ENOSYS = 0x0005_0026;
/** Where the number of the call and the machine are in what a filter sees. */
const CALL_AT = 0;
const MACHINE_AT = 4;
/** From here on, x86_64 has the calls of x32, which have other numbers. */
const X32 = 0x4000_0000;

/**
 * A seccomp filter for programs of the same machine as `program` (the beginning of an executable): the calls above fail
 * with EPERM, those of other machines (32-bit programs) with ENOSYS. Undefined for machines that are not known here.
 */
export function seccompFilter(program: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
  const machine = MACHINES[(program[18] ?? 0) | ((program[19] ?? 0) << 8)];
  if (machine === undefined) return undefined;
  const calls = Object.values(REFUSED).map((numbers) => numbers[machine.column]);
  const code: [code: number, ifTrue: number, ifFalse: number, value: number][] = [
    [LOAD, 0, 0, MACHINE_AT],
    [JUMP_EQUAL, 1, 0, machine.audit],
    [RETURN, 0, 0, FAIL_ENOSYS],
    [LOAD, 0, 0, CALL_AT],
    [JUMP_GREATER_EQUAL, 0, 1, X32],
    [RETURN, 0, 0, FAIL_ENOSYS],
    ...calls.map((call, index): [number, number, number, number] => [JUMP_EQUAL, calls.length - index, 0, call]),
    [RETURN, 0, 0, ALLOW],
    [RETURN, 0, 0, FAIL_EPERM],
  ];
  const view = new DataView(new ArrayBuffer(code.length * 8));
  for (const [index, [operation, ifTrue, ifFalse, value]] of code.entries()) {
    view.setUint16(index * 8, operation, true);
    view.setUint8(index * 8 + 2, ifTrue);
    view.setUint8(index * 8 + 3, ifFalse);
    view.setUint32(index * 8 + 4, value, true);
  }
  return new Uint8Array(view.buffer);
}
