import { describeLab } from '../test-support/describe-lab.ts';

describeLab(6, {
  untouched: /^mountTag is not "tsvmm\.control"$/,
  wrong: [
    [
      'the replies among the requests',
      [
        [
          "event.kind === 'request' && event.id < attached.id",
          "(event.kind === 'request' || event.kind === 'reply') && event.id < attached.id",
        ],
      ],
      { wrong: /^opening is not \["Tversion","Rversion"/, next: /take the requests of device 'host' before event/ },
    ],
    [
      'the calls of every request',
      [["event.kind === 'host-call' && event.fields.request === read.id", "event.kind === 'host-call'"]],
      { wrong: /^readCalls is not/, next: /fields\.request.*Other requests make calls, too$/ },
    ],
    [
      'the size of the message for that of the data',
      [
        [
          'bytesRead: (answered.fields.fields as { readonly data: { readonly length: number } }).data.length',
          'bytesRead: answered.fields.size',
        ],
      ],
      { wrong: /^bytesRead is not 45$/, next: /^45 bytes is the whole Rread/ },
    ],
    [
      'what was asked for instead of what came',
      [
        [
          '(answered.fields.fields as { readonly data: { readonly length: number } }).data.length',
          '(read.fields.fields as never).count',
        ],
      ],
      { wrong: /^bytesRead is not 65536$/, next: /asked for in Tread/ },
    ],
    [
      'from request to reply',
      [['told.time - kick.time', 'answered.fields.took']],
      { wrong: /^kickToInterrupt is not \d+$/, next: /through the ring is longer/ },
    ],
    [
      'milliseconds',
      [['told.time - kick.time', '(told.time - kick.time) / 1000']],
      { wrong: /^kickToInterrupt is not 0\.\d+$/, next: /microseconds already/ },
    ],
    [
      'the errors of all devices',
      [
        [
          'if (event.device === SHARE) events.push(event)',
          "if (event.device === SHARE || event.kind === 'reply') events.push(event)",
        ],
        [
          "'reply', ({ fields }) => fields.name === 'Rversion'",
          "'reply', ({ device, fields }) => device === SHARE && fields.name === 'Rversion'",
        ],
        [
          "({ fields }) => fields.name === 'Rattach'",
          "({ device, fields }) => device === SHARE && fields.name === 'Rattach'",
        ],
      ],
      { wrong: /^errors is not \d+$/, next: /counts the replies of every device/ },
    ],
    [
      'no answer at all',
      [['return {\n    mountTag', 'if (events.length > 0) return undefined;\n  return {\n    mountTag']],
      { wrong: /^mountTag is not undefined$/ },
    ],
  ],
});
