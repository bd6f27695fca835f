/** The rings as tables of their words; each word leads to its bytes. */
import {
  AVAIL,
  areaLength,
  availEventOffset,
  type QueueArea,
  USED,
  usedEventOffset,
} from '../../devices/virtio/queue-layout.ts';
import { hex } from '../../inspector/page/numbers.ts';
import { ringDescriptors } from '../rig/ram-parts.ts';
import type { DriverRequests } from '../rig/requests.ts';

interface Word {
  readonly name: string;
  readonly at: number;
  readonly length: number;
  readonly value: string;
}

interface TablesProps {
  readonly requests: DriverRequests;
  readonly goTo: (address: number, length?: number) => void;
}

/** All three areas. */
export function RingTables({ requests, goTo }: TablesProps) {
  const split = requests.format === 'split';
  return (
    <>
      <DescriptorTable requests={requests} goTo={goTo} />
      {split ? (
        <>
          <WordTable title="Available ring: the driver writes" words={availableWords(requests)} goTo={goTo} />
          <WordTable title="Used ring: the device writes" words={usedWords(requests)} goTo={goTo} />
        </>
      ) : (
        <>
          <WordTable title="Driver event suppression" words={suppressionWords(requests, 'driver')} goTo={goTo} />
          <WordTable title="Device event suppression" words={suppressionWords(requests, 'device')} goTo={goTo} />
        </>
      )}
    </>
  );
}

function DescriptorTable({ requests, goTo }: TablesProps) {
  const split = requests.format === 'split';
  return (
    <section class="group" aria-label="Descriptors">
      <h2>
        Descriptors <cite>{split ? 'virtio 1.2 §2.7.5' : 'virtio 1.2 §2.8.13'}</cite>
      </h2>
      <table class="data">
        <thead>
          <tr>
            <th scope="col">#</th>
            <th scope="col">addr</th>
            <th scope="col">len</th>
            <th scope="col">flags</th>
            <th scope="col">{split ? 'next' : 'id'}</th>
          </tr>
        </thead>
        <tbody>
          {ringDescriptors(requests).map(({ index, at, addr, len, flags, flagNames, nextOrId }) => (
            <tr key={index} class={len === 0 && flags === 0 ? 'quiet' : ''}>
              <td>
                <button type="button" class="link number" onClick={() => goTo(at)}>
                  {index}
                </button>
              </td>
              <td class="number">{hex(addr)}</td>
              <td class="number">{len}</td>
              <td class="mono">{flagNames.join('|') || flags}</td>
              <td class="number">{nextOrId}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function WordTable({
  title,
  words,
  goTo,
}: {
  readonly title: string;
  readonly words: readonly Word[];
  readonly goTo: TablesProps['goTo'];
}) {
  return (
    <section class="group" aria-label={title}>
      <h2>{title}</h2>
      <ul class="words">
        {words.map(({ name, at, length, value }) => (
          <li key={name}>
            <button type="button" class="link" title={hex(at)} onClick={() => goTo(at, length)}>
              <code>{name}</code>
            </button>{' '}
            <code>{value}</code>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Reads the two-byte words of an area. */
function reader(requests: DriverRequests, area: QueueArea) {
  const { ring } = requests.queue;
  const base = ring.areas[area];
  const bytes = requests.bytes(base, areaLength(requests.format, area, ring.size));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const word = (name: string, offset: number): Word => ({
    name,
    at: base + offset,
    length: 2,
    value: String(view.getUint16(offset, true)),
  });
  return { base, view, word, size: ring.size };
}

const slots = (size: number) => Array.from({ length: size }, (_, slot) => slot);

function availableWords(requests: DriverRequests): Word[] {
  const { word, size } = reader(requests, 'driver');
  return [
    word('flags', AVAIL.flags),
    word('idx', AVAIL.idx),
    ...slots(size).map((slot) => word(`ring[${slot}]`, AVAIL.ring + 2 * slot)),
    word('used_event', usedEventOffset(size)),
  ];
}

function usedWords(requests: DriverRequests): Word[] {
  const { base, view, word, size } = reader(requests, 'device');
  const entries = slots(size).map((slot) => {
    const offset = USED.ring + 8 * slot;
    const value = `id ${view.getUint32(offset, true)} len ${view.getUint32(offset + 4, true)}`;
    return { name: `ring[${slot}]`, at: base + offset, length: 8, value };
  });
  return [word('flags', USED.flags), word('idx', USED.idx), ...entries, word('avail_event', availEventOffset(size))];
}

function suppressionWords(requests: DriverRequests, area: QueueArea): Word[] {
  const { word } = reader(requests, area);
  return [word('desc', 0), word('flags', 2)];
}
