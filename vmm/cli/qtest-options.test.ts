import { describe, expect, test } from '@jest/globals';
import { parseCommandLine } from './command-line.ts';
import { refusal } from './test-support/refusal.ts';

const QTEST = 'run --accel qtest --qtest unix:/q';

const REFUSED: readonly (readonly [line: string, refusal: string])[] = [
  ['run --accel qtest', '--accel qtest: nothing drives the machine; add --qtest unix:PATH'],
  ['run -M q35,accel=qtest', '--accel qtest: nothing drives the machine; add --qtest unix:PATH'],
  ['run -qtest unix:/q -accel kvm', '--qtest: goes with --accel qtest; leave out --accel kvm'],
  ['run --qtest-log x', '--qtest-log: goes with --accel qtest; add that'],
  [`${QTEST} --qtest-log=`, '--qtest-log is empty; name a file'],
  [`${QTEST} --kernel x`, '--kernel: with --accel qtest there is no CPU to run a guest; leave it out'],
  [`${QTEST} --append x`, '--append: with --accel qtest there is no CPU to run a guest; leave it out'],
  [`${QTEST} -- ls`, 'with --accel qtest there is no CPU to run COMMAND; leave it out'],
  ['run --machine none', '--machine none: there is no CPU in it; add --accel qtest, or use pc'],
  [
    `${QTEST} -M none --device virtio-rng-pci`,
    '--machine none: it has no bus for devices; leave them out, or use --machine pc',
  ],
  [
    'run -M none --accel qtest --qtest unix:/q --inspect 0',
    '--inspect: --machine none has nothing to show; leave out one of them',
  ],
  ['run --qtest /q', "--qtest: '/q' lacks its kind; write unix:/q"],
  ['run --qtest unix:', "--qtest: 'unix:' lacks the path; write unix:PATH"],
  ['run --qtest unix:/q,wait=off', '--qtest: wait goes with server=on; add that, or leave it out'],
  ['run --qtest unix:/q,serve=on', "--qtest: unknown option 'serve'; did you mean server?"],
  ['run --qmp tcp:localhost', "--qmp: 'tcp:localhost' is no address; write tcp:HOST:PORT"],
  ['run --chardev stdio,id=c', '--chardev: backend=stdio is not supported yet; use socket'],
  ['run --chardev socket,id=c', '--chardev: path is missing; add path=PATH, or host=HOST,port=PORT'],
  ['run --chardev socket,path=/m', '--chardev: id is missing; add id=ID'],
  ['run --chardev socket,path=/m,host=h,port=1,id=c', '--chardev: path and host are both given; leave out one'],
  [
    'run --chardev socket,path=/m,id=c',
    '--chardev: nothing uses id=c; add --mon chardev=c,mode=control, or leave it out',
  ],
  [
    'run --chardev socket,path=/m,id=c --chardev socket,path=/n,id=c',
    '--chardev: id=c is given twice; each needs a name of its own',
  ],
  ['run --mon c,mode=control', '--mon: there is no --chardev with id=c, or another --mon has it; add one'],
  ['run --mon c', '--mon: mode is missing; add mode=control|readline'],
  ['run --mon c,mode=readline', '--mon: mode=readline is not supported yet; use mode=control'],
  ['run --qmp unix:/m --audio sdl', "--audio: 'sdl' is not supported; the only value is none"],
];

describe('what cannot be driven from outside is refused with one line', () => {
  test.each(REFUSED)('tsvmm %s', (line, expected) => {
    expect(refusal(line)).toBe(expected);
  });
});

/** What a command line asks for. */
function request(line: string) {
  const invocation = parseCommandLine(line.split(' '), '1.2.3');
  if (invocation.kind !== 'run') throw new Error(`it asks for ${invocation.kind}`);
  return invocation.request;
}

const socket = (option: string, path: string, more = {}) => ({
  option,
  address: { kind: 'unix', path },
  server: false,
  wait: false,
  ...more,
});

describe('a machine without a CPU', () => {
  test('as libqos asks for one: no command, single dashes', () => {
    const line =
      '-qtest unix:/q -qtest-log /dev/null -chardev socket,path=/m,id=char0 -mon chardev=char0,mode=control ' +
      '-display none -audio none -M pc -fsdev synth,id=fsdev0 ' +
      '-device virtio-9p-pci,fsdev=fsdev0,mount_tag=qtest,addr=04.0 -accel qtest';
    expect(request(line).qtest).toEqual({
      config: {
        machine: 'pc',
        shares: [expect.objectContaining({ driver: 'synth', mountTag: 'qtest', virtio: { addr: { slot: 4 } } })],
        devices: [],
      },
      monitors: [socket('--chardev', '/m')],
      socket: socket('--qtest', '/q'),
      log: '/dev/null',
    });
  });

  test.each([
    ['run --qtest unix:/q', 'pc'],
    ['run -machine accel=qtest -qtest unix:/q', 'pc'],
    ['-machine none -qtest unix:/q', 'none'],
    ['-M pc -M none,accel=qtest -qtest unix:/q', 'none'],
  ])('%s', (line, machine) => {
    expect(request(line).qtest?.config.machine).toBe(machine);
  });

  test("size and processors are the machine's", () => {
    expect(request(`${QTEST} -m 1G --smp 2`).qtest?.config).toMatchObject({ memory: 2 ** 30, cpus: 2 });
  });

  test.each([
    ['unix:/q,server=on,wait=off', { kind: 'unix', path: '/q' }, true, false],
    ['unix:/q=a,,b,server,nowait', { kind: 'unix', path: '/q=a,b' }, true, false],
    ['tcp:127.0.0.1:99,server=on', { kind: 'tcp', host: '127.0.0.1', port: 99 }, true, true],
    ['tcp:[::1]:99', { kind: 'tcp', host: '::1', port: 99 }, false, false],
  ])('--qtest %s', (written, address, server, wait) => {
    expect(request(`run --qtest ${written}`).qtest?.socket).toEqual({ option: '--qtest', address, server, wait });
  });
});

describe('a guest with monitors', () => {
  test('on sockets of either spelling', () => {
    const line = 'run --qmp unix:/a --chardev socket,host=::1,port=7,server=on,wait=off,id=c --mon c,mode=control';
    expect(request(line)).toMatchObject({
      config: { shares: [] },
      monitors: [
        socket('--qmp', '/a'),
        { option: '--chardev', address: { kind: 'tcp', host: '::1', port: 7 }, server: true, wait: false },
      ],
    });
    expect(request(line).qtest).toBeUndefined();
  });
});
