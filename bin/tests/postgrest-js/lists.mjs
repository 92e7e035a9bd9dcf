// What a list shows, in which order, and how much of it.

import { ids, refused } from './suite.mjs'

export default async function lists(client, suite) {
  const call = (...parts) => suite.call(...parts)
  const won = (columns) => client.from('leads').select(columns).eq('status', 'won').order('id').limit(2)

  await call('every column', client.from('lead_totals').select().order('status'), {
    data: [
      { status: 'new', leads: 16, average_score: 63.0 },
      { status: 'open', leads: 26, average_score: 51.3 },
      { status: 'won', leads: 7, average_score: 53.6 },
      { status: 'lost', leads: 11, average_score: 56.5 },
    ],
  })
  await call('some columns', won('id, name ,score'), {
    data: [
      { id: 10, name: 'Kaia Tanaka', score: 51 },
      { id: 28, name: 'Ines Novák', score: 24 },
    ],
  })
  await call('aliases', won('number:id,who:name'), {
    data: [
      { number: 10, who: 'Kaia Tanaka' },
      { number: 28, who: 'Ines Novák' },
    ],
  })
  await call('casts', won('id::text,score::numeric'), {
    data: [
      { id: '10', score: 51 },
      { id: '28', score: 24 },
    ],
  })
  await call('a cast to what is no safe type', won('name::regclass'), refused(400, 'bad_query'))
  await call('members of JSON, as JSON and as text', won('id,meta->consent,from:meta->>source,meta->none'), {
    data: [
      { id: 10, consent: false, from: 'import', none: null },
      { id: 28, consent: true, from: 'import', none: null },
    ],
  })
  await call('a cast of what is in JSON', won('id,yes:meta->>consent::boolean'), {
    data: [
      { id: 10, yes: false },
      { id: 28, yes: true },
    ],
  })
  await call('an unknown column', won('id,nmae'), refused(400, 'unknown_column'))

  await call(
    'groups',
    client.from('leads').select('status,id.count(),lowest:score.min(),highest:score.max(),score.sum()').order('status'),
    {
      data: [
        { status: 'new', count: 16, lowest: 3, highest: 95, sum: 1008 },
        { status: 'open', count: 26, lowest: 6, highest: 100, sum: 1334 },
        { status: 'won', count: 7, lowest: 12, highest: 95, sum: 375 },
        { status: 'lost', count: 11, lowest: 15, highest: 99, sum: 622 },
      ],
    },
  )
  await call('one group', client.from('leads').select('count(),score.avg()::numeric(6,2)').eq('status', 'won'), refused(400, 'bad_query'))
  await call('one group with a cast', client.from('leads').select('count(),mean:score.avg()::integer').eq('status', 'won'), {
    data: [{ count: 7, mean: 54 }],
  })

  await call('descending', client.from('leads').select('id').order('score', { ascending: false }).order('id').limit(6), ids(26, 53, 8, 46, 37, 58))
  await call(
    'nulls first',
    client.from('leads').select('id').eq('status', 'won').order('account_id', { nullsFirst: true }).order('id', { ascending: false }),
    ids(45, 35, 33, 10, 37, 28, 50),
  )
  await call(
    'nulls last',
    client.from('leads').select('id').eq('status', 'won').order('account_id', { ascending: false, nullsFirst: false }).order('id'),
    ids(50, 28, 37, 10, 33, 35, 45),
  )
  await call('by what is in JSON', client.from('leads').select('id').eq('status', 'won').order('meta->>source').order('id'), ids(33, 35, 10, 28, 37, 45, 50))
  await call('an order by an unknown column', client.from('leads').select('id').order('scor'), refused(400, 'unknown_column'))

  await call('limit', client.from('leads').select('id').order('id').limit(3), ids(1, 2, 3))
  await call('limit of none', client.from('leads').select('id').limit(0), ids())
  await call('range', client.from('leads').select('id').order('id').range(10, 12), ids(11, 12, 13))
  await call('range over the end', client.from('leads').select('id').order('id').range(58, 70), ids(59, 60))
  await call('range beyond the end', client.from('leads').select('id').range(100, 109), ids())
  await call('range beyond the end of what was counted', client.from('leads').select('id', { count: 'exact' }).range(100, 109), refused(416, 'range_not_satisfiable'))

  await call('count exact of all', client.from('leads').select('id', { count: 'exact' }).eq('status', 'won').order('id'), {
    ...ids(10, 28, 33, 35, 37, 45, 50),
    count: 7,
  })
  await call('count exact of a part', client.from('leads').select('id', { count: 'exact' }).eq('status', 'won').order('id').limit(2), {
    ...ids(10, 28),
    count: 7,
    status: 206,
  })
  await call('count of none', client.from('leads').select('id', { count: 'exact' }).eq('id', 0), { data: [], count: 0 })
  await call('count exact without rows', client.from('movies').select('*', { count: 'exact', head: true }).eq('mpaa_rating', 'NC-17'), {
    count: 8,
  })
  for (const count of ['planned', 'estimated']) {
    // How many is the planner's guess, so that no more can be said than that it is a number.
    const guessed = ({ status, count, ...reply }) => ({ ...reply, status: [200, 206].includes(status) ? 200 : status, count: Number.isInteger(count) && count > 0 })
    await call(`count ${count}`, client.from('leads').select('id', { count }).order('id').limit(1).then(guessed), { ...ids(1), count: true })
  }
  await call('head alone', client.from('leads').select('id', { head: true }), {})
}
