import { chmodSync, lstatSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import { bootOnce, describeGuest, GUEST_TIMEOUT_MS, scratchDirectory } from '../support/guest.ts';

/** Only root can give files to others, which is what half of this is about. */
const asRoot = process.geteuid?.() === 0 ? test : test.skip;

/** Lets the guest's users 1001 and 1002 run scripts: `as UID SCRIPT`. */
const USERS = `
  grep -q u1001 /etc/passwd || {
    { cat /etc/passwd; for u in 1001 1002; do echo "u$u:x:$u:$u::/:/bin/sh"; done; } > /tmp/passwd
    mount -o bind /tmp/passwd /etc/passwd
  }
  as() { u=$1; shift; start-stop-daemon -S -p /tmp/no-such-pid -c $u:$u -a /bin/sh -- -c "$*"; }
  mkdir -p /tmp/m
`;

describeGuest(
  'users, exports and limits',
  (accel) => {
    const host = scratchDirectory();
    const at = (...names: string[]) => join(host, ...names);
    beforeAll(() => {
      for (const name of ['access', 'src', 'doc', 'mapped', 'full']) mkdirSync(at(name));
      chmodSync(at('access'), 0o777);
      writeFileSync(at('src', 'which'), 'src\n');
      writeFileSync(at('doc', 'which'), 'doc\n');
      writeFileSync(at('mapped', 'host'), '');
    });
    const guest = bootOnce(() => ({
      accel,
      shares: [
        { path: at('access'), mountTag: 'access', securityModel: 'passthrough', mountAt: false },
        {
          driver: 'exports',
          exports: { src: { path: at('src') }, '/srv/doc': { path: at('doc'), readonly: true } },
          mountTag: 'several',
          mountAt: false,
        },
        {
          path: at('mapped'),
          mountTag: 'mapped',
          securityModel: 'passthrough',
          uidMap: [{ inside: 0, outside: 4000, count: 10 }],
          gidMap: [{ inside: 0, outside: 5000, count: 10 }],
        },
        { path: at('full'), mountTag: 'full', quota: { bytes: 256 * 1024, inodes: 20 }, counters: true },
        { driver: 'memory', mountTag: 'memory', quota: { bytes: 1 << 20 } },
        { driver: 'synth', mountTag: 'synth' },
      ],
    }));

    /** Runs a script with the share mounted at /tmp/m in a certain way. */
    const mounted = async (tag: string, options: string, script: string) => {
      const { stdout, stderr } = await guest.sh(
        `${USERS} mount -t 9p -o trans=virtio,version=9p2000.L,${options} ${tag} /tmp/m && { ${script}; }; umount /tmp/m`,
      );
      return stdout + stderr;
    };
    const owners = (...names: string[]) =>
      names.map((name) => [lstatSync(at('access', name)).uid, lstatSync(at('access', name)).gid]);

    for (const access of ['user', 'client']) {
      asRoot(
        `access=${access}: each user attaches for himself, and owns what he makes`,
        async () => {
          const files = [0, 1001, 1002].map((uid) => `${access}-${uid}`);
          const said = await mounted(
            'access',
            `access=${access}`,
            `for u in 0 1001 1002; do as $u "umask 077; echo text > /tmp/m/${access}-$u"; done
             as 1001 "cat /tmp/m/${access}-1001"; as 1002 "cat /tmp/m/${access}-1001"`,
          );
          expect(said).toMatch(new RegExp(`^text\\ncat: .*${access}-1001.*: Permission denied\\n$`));
          expect(owners(...files)).toEqual([
            [0, 0],
            [1001, 1001],
            [1002, 1002],
          ]);
        },
        GUEST_TIMEOUT_MS,
      );
    }

    asRoot(
      'access=any: all users are the one who mounted it',
      async () => {
        const said = await mounted(
          'access',
          'access=any',
          'as 1001 "echo any > /tmp/m/any"; as 1002 "cat /tmp/m/any"; as 1001 "chmod 600 /tmp/m/any"',
        );
        expect(said).toMatch(/^any\nchmod: .*: Operation not permitted\n$/);
        expect(lstatSync(at('access', 'any')).uid).toBe(0);
      },
      GUEST_TIMEOUT_MS,
    );

    asRoot(
      'access=UID: nobody else gets in, not even root',
      async () => {
        const said = await mounted(
          'access',
          'access=1001',
          'as 1001 "echo single > /tmp/m/single; cat /tmp/m/single"; for u in 0 1002; do as $u "cat /tmp/m/single"; done',
        );
        expect(said).toMatch(/^single\n(cat: .*: Operation not permitted\n){2}$/);
      },
      GUEST_TIMEOUT_MS,
    );

    test(
      'aname= chooses among the exports of one device',
      async () => {
        const read = 'cat /tmp/m/which; echo more >> /tmp/m/which';
        expect(await mounted('several', 'access=any', read)).toBe('src\n');
        expect(await mounted('several', 'aname=src', read)).toBe('src\nmore\n');
        expect(await mounted('several', 'aname=/srv/doc', read)).toMatch(/^doc\n.*Read-only file system\n$/);
        expect(await mounted('several', 'aname=other', read)).toMatch(/No such file or directory/);
      },
      GUEST_TIMEOUT_MS,
    );

    asRoot(
      'users and groups have other numbers on the host',
      async () => {
        const { stdout, stderr } = await guest.sh(
          `cd /mnt/mapped && stat -c '%u:%g' host; touch made; stat -c '%u:%g' made; chown 3:4 made; stat -c '%u:%g' made
           chown 11 made; chmod 4777 host`,
        );
        expect(stdout).toBe('65534:65534\n0:0\n3:4\n');
        expect(stderr).toMatch(/^chown: made: Invalid argument\nchmod: host: Operation not permitted\n$/);
        const { uid, gid } = lstatSync(at('mapped', 'made'));
        expect([uid, gid]).toEqual([4003, 5004]);
      },
      GUEST_TIMEOUT_MS,
    );

    test(
      'a quota ends a write, shows in df, and what is removed can be written again',
      async () => {
        const { stdout, stderr } = await guest.sh(
          `cd /mnt/full; free() { df -k . | awk 'NR == 2 { print $4 }'; }
           before=$(free); dd if=/dev/zero of=big bs=4k count=100 2> /dev/null || echo "full: $(free) KiB left"
           rm big; test $(free) = $before && echo "as before"
           for i in $(seq 30); do mkdir d$i 2> /dev/null || break; done; echo "$i directories were too many"`,
        );
        expect({ stdout, stderr }).toEqual({
          stdout: 'full: 0 KiB left\nas before\n20 directories were too many\n',
          stderr: '',
        });
        expect(readdirSync(at('full'))).toHaveLength(19);
      },
      GUEST_TIMEOUT_MS,
    );

    test(
      'what was counted is in a file, and in the program',
      async () => {
        const { stdout } = await guest.sh('awk \'$1 == "Tmkdir" { print $2, $6 }\' /mnt/full/.tsvmm/counters');
        expect(stdout).toBe('20 ENOSPC:1\n');
        expect(guest.vm.counters()).toMatchObject({ full: { Tmkdir: { count: 20, errors: { ENOSPC: 1 } } } });
        expect(Object.keys(guest.vm.counters())).toEqual(['full']);
      },
      GUEST_TIMEOUT_MS,
    );

    test(
      'trees in memory: an empty one with its size, and the one for tests',
      async () => {
        const { stdout } = await guest.sh(
          `cd /mnt/memory && df -k . | awk 'NR == 2 { print $2 }'; echo kept > f; ln f g; cat g
           ls /mnt/synth; ls /mnt/synth/ReadDirDir | wc -l; echo swallowed > /mnt/synth/WRITE && wc -c < /mnt/synth/WRITE`,
        );
        expect(stdout).toBe('1024\nkept\nFLUSH\nLOPEN\nReadDirDir\nWALK0\nWRITE\n100\n0\n');
      },
      GUEST_TIMEOUT_MS,
    );
  },
  ['software'],
);
