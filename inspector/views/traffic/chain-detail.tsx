/** One chain: its descriptors with their bytes, what brought it, what it carries, what became of it. */
import { journeysOf } from '../../history/followed.ts';
import { dialectOf } from '../../history/message-fields.ts';
import type { ChainModel } from '../../model/rings.ts';
import { count, duration } from '../../page/numbers.ts';
import type { ViewProps } from '../../page/view-props.ts';
import { DescriptorTable } from './descriptor-table.tsx';
import { EventLink } from './event-link.tsx';
import { MessageTable } from './message-table.tsx';

export interface ChainDetailProps extends Pick<ViewProps, 'model' | 'events' | 'selection' | 'select'> {
  readonly chain: ChainModel;
}

/** The chain. */
export function ChainDetail({ chain, model, events, selection, select }: ChainDetailProps) {
  const { head, order, kick, used, notification, interrupt, descriptors, moreDescriptors } = chain;
  const [taken, returned] = [events.byId(chain.event), events.byId(used ?? 0)];
  const journey = journeysOf(events).of(chain.event);
  const [asked, answered] = [events.byId(journey?.request ?? 0), events.byId(journey?.reply ?? 0)];
  const version = dialectOf(model.sessions.fids.sessions.find(({ device }) => device === selection.device)?.version);
  const link = { select, view: 'events' };
  return (
    <article class="event-detail" aria-label={`Chain with head ${head}`}>
      <h2>
        Chain with head {head} <span class="quiet">number {count(order + 1)} of this queue</span>
      </h2>
      <dl class="way-list">
        <dt class="quiet">brought by</dt>
        <dd>{kick === undefined ? 'no kick that was seen' : <EventLink event={kick} what="kick" {...link} />}</dd>
        <dt class="quiet">taken</dt>
        <dd>
          <EventLink event={chain.event} {...link} />
        </dd>
        <dt class="quiet">returned</dt>
        <dd>
          {used === undefined ? (
            'not yet'
          ) : (
            <>
              <EventLink event={used} {...link} /> after {duration((chain.usedTime ?? 0) - chain.time)},{' '}
              {count(chain.length ?? 0)} bytes written
            </>
          )}
        </dd>
        {used !== undefined && (
          <>
            <dt class="quiet">announced</dt>
            <dd>
              {notification === undefined ? (
                'by no notification: the driver did not want one'
              ) : (
                <>
                  <EventLink event={notification} what="notification" {...link} />{' '}
                  <EventLink event={interrupt} what="interrupt" {...link} />
                </>
              )}
            </dd>
          </>
        )}
      </dl>
      <p>
        <EventLink event={chain.event} what="in the timeline" view="timeline" select={select} />
      </p>
      <DescriptorTable
        descriptors={descriptors}
        more={moreDescriptors}
        read={taken?.kind === 'chain' ? taken.fields.bytes : undefined}
        written={returned?.kind === 'used' ? returned.fields.bytes : undefined}
      />
      {taken === undefined && <p class="quiet">The events are no longer kept, and the bytes with them.</p>}
      {asked?.kind === 'request' && <MessageTable bytes={asked.fields.bytes} version={version} />}
      {answered?.kind === 'reply' && <MessageTable bytes={answered.fields.bytes} version={version} />}
    </article>
  );
}
