/** Features of one device: offered, accepted, agreed, bit by bit. */
import { featuresIn } from '../../../devices/virtio/feature-words.ts';
import { deviceIdOf, offeredFeatures } from '../../model/device-blocks.ts';
import { entryOf } from '../../model/per-device.ts';
import { hex, seconds } from '../../page/numbers.ts';
import type { ViewProps } from '../../page/view-props.ts';
import { EventLink, Nothing, Part } from './parts.tsx';

const bitsIn = (text: string) => (text === '' ? 0n : BigInt(text));

/** The view. */
export function FeaturesView({ model, selection, select }: ViewProps) {
  const { device, filter } = selection;
  const life = entryOf(model.lives, device);
  const offered = offeredFeatures(model, device);
  const { features } = life ?? {};
  const [accepted, agreed] = [bitsIn(features?.accepted ?? ''), bitsIn(features?.agreed ?? '')];
  const id = deviceIdOf(model, device) ?? 0;
  const has = (set: bigint, bit: number) => ((set >> BigInt(bit)) & 1n) === 1n;
  const rows = featuresIn(id, offered | accepted | agreed).filter(({ name }) =>
    name.toLowerCase().includes(filter.toLowerCase()),
  );
  if (offered === 0n && accepted === 0n) {
    return (
      <Nothing>
        The driver of {device || 'the device'} has not looked at its features yet. It does once it has set DRIVER; then
        every bit is here, offered, accepted and agreed on.
      </Nothing>
    );
  }
  const agreement = features?.refused
    ? `refused: ${features.refused}`
    : features?.agreed
      ? 'agreed on: FEATURES_OK is set'
      : 'not agreed on yet';
  return (
    <>
      <Part title="Features" note={agreement}>
        <dl class="facts">
          <dt>Offered</dt>
          <dd class="number">{hex(offered, 8)}</dd>
          <dt>Accepted</dt>
          <dd class="number">{features?.accepted ? hex(accepted, 8) : 'nothing yet'}</dd>
          <dt>Agreed</dt>
          <dd class="number">{features?.agreed ? hex(agreed, 8) : 'nothing yet'}</dd>
          {features?.last !== undefined && (
            <>
              <dt>Last told</dt>
              <dd>
                <span class="number">{seconds(features.last.time)} s</span>, event{' '}
                <EventLink event={features.last.event} select={select} />
              </dd>
            </>
          )}
        </dl>
      </Part>
      <Part title="Bit by bit">
        <div class="wide">
          <table class="data features">
            <thead>
              <tr>
                <th scope="col">Bit</th>
                <th scope="col">Name</th>
                <th scope="col">Offered</th>
                <th scope="col">Accepted</th>
                <th scope="col">Agreed</th>
                <th scope="col">What it means</th>
                <th scope="col">Specification</th>
              </tr>
            </thead>
            <tbody>
              {rows.map(({ bit, name, doc, spec }) => (
                <tr key={bit} class={has(agreed, bit) ? 'set' : ''}>
                  <td class="number">{bit}</td>
                  <td>
                    <code>{name}</code>
                  </td>
                  <Mark yes={has(offered, bit)} />
                  <Mark yes={has(accepted, bit)} wrong={!has(offered, bit)} />
                  <Mark yes={has(agreed, bit)} />
                  <td class="said">{doc}</td>
                  <td class="source">
                    <cite>{spec}</cite>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </Part>
    </>
  );
}

function Mark({ yes, wrong = false }: { readonly yes: boolean; readonly wrong?: boolean }) {
  if (!yes) return <td class="quiet">–</td>;
  return <td class={wrong ? 'bad' : 'good'}>{wrong ? 'not offered' : 'yes'}</td>;
}
