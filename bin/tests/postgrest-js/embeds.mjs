// Related rows inside of rows.

import { ids, refused } from './suite.mjs'

export default async function embeds(client, suite) {
  const call = (...parts) => suite.call(...parts)

  await call('many to one', client.from('leads').select('id,accounts(name,plan)').in('id', [1, 10, 28]).order('id'), {
    data: [
      { id: 1, accounts: { name: 'Breakwater Legal', plan: 'team' } },
      { id: 10, accounts: null },
      { id: 28, accounts: { name: 'North Quay Bakery', plan: 'free' } },
    ],
  })
  await call('one to many', client.from('accounts').select('name,leads(id,score)').in('id', [1, 2]).order('id').order('id', { referencedTable: 'leads' }), {
    data: [
      { name: 'Pier Nine Roasters', leads: [{ id: 16, score: 93 }, { id: 27, score: 35 }] },
      { name: 'Tidewater Cycles', leads: [{ id: 18, score: 84 }, { id: 59, score: 77 }] },
    ],
  })
  await call('none on the other side', client.from('leads').select('id,events(seq)').eq('events.seq', 99).eq('id', 1), {
    data: [{ id: 1, events: [] }],
  })
  await call('an alias', client.from('leads').select('id,customer:accounts(name)').eq('id', 28), {
    data: [{ id: 28, customer: { name: 'North Quay Bakery' } }],
  })
  await call('by the name of the foreign key', client.from('leads').select('id,accounts!leads_account_id_fkey(name)').eq('id', 28), {
    data: [{ id: 28, accounts: { name: 'North Quay Bakery' } }],
  })
  await call('by the name of the column', client.from('leads').select('id,customer:account_id(name)').eq('id', 28), {
    data: [{ id: 28, customer: { name: 'North Quay Bakery' } }],
  })
  await call('inner', client.from('leads').select('id,accounts!inner(plan)').eq('accounts.plan', 'scale').order('id'), {
    data: [
      { id: 13, accounts: { plan: 'scale' } },
      { id: 18, accounts: { plan: 'scale' } },
      { id: 21, accounts: { plan: 'scale' } },
      { id: 26, accounts: { plan: 'scale' } },
      { id: 59, accounts: { plan: 'scale' } },
    ],
  })
  await call('a filter of what is embedded leaves the rows', client.from('leads').select('id,accounts(plan)').eq('accounts.plan', 'scale').in('id', [1, 13]).order('id'), {
    data: [
      { id: 1, accounts: null },
      { id: 13, accounts: { plan: 'scale' } },
    ],
  })
  await call('rows with none related', client.from('leads').select('id,accounts()').is('accounts', null).eq('status', 'won').order('id'), ids(10, 33, 35, 45))
  await call('rows with some related', client.from('leads').select('id,accounts()').not('accounts', 'is', null).eq('status', 'won').order('id'), ids(28, 37, 50))
  await call('spread', client.from('leads').select('id,...accounts(customer:name,plan)').in('id', [10, 28]).order('id'), {
    data: [
      { id: 10, customer: null, plan: null },
      { id: 28, customer: 'North Quay Bakery', plan: 'free' },
    ],
  })
  await call(
    'nested',
    client
      .from('accounts')
      .select('name,leads(id,events(kind,seq))')
      .eq('id', 7)
      .eq('leads.status', 'won')
      .order('seq', { referencedTable: 'leads.events' }),
    { data: [{ name: 'Breakwater Legal', leads: [{ id: 50, events: [{ kind: 'opened', seq: 1 }] }] }] },
  )
  await call(
    'order and limit of what is embedded',
    client
      .from('accounts')
      .select('id,leads(id)')
      .in('id', [4, 8])
      .order('id')
      .order('score', { referencedTable: 'leads', ascending: false })
      .limit(2, { referencedTable: 'leads' }),
    {
      data: [
        { id: 4, leads: [{ id: 37 }, { id: 23 }] },
        { id: 8, leads: [{ id: 52 }, { id: 19 }] },
      ],
    },
  )
  await call(
    'range of what is embedded',
    client.from('accounts').select('id,leads(id)').eq('id', 4).order('id', { referencedTable: 'leads' }).range(1, 3, { referencedTable: 'leads' }),
    { data: [{ id: 4, leads: [{ id: 11 }, { id: 23 }, { id: 28 }] }] },
  )
  await call(
    'or of what is embedded',
    client.from('accounts').select('id,leads(id)').eq('id', 4).or('status.eq.won,score.gt.80', { referencedTable: 'leads' }).order('id', { referencedTable: 'leads' }),
    { data: [{ id: 4, leads: [{ id: 23 }, { id: 28 }, { id: 37 }] }] },
  )
  await call('order by what is related', client.from('leads').select('id,accounts(name)').eq('status', 'won').not('account_id', 'is', null).order('accounts(name)').order('id', { ascending: false }), {
    data: [
      { id: 50, accounts: { name: 'Breakwater Legal' } },
      { id: 37, accounts: { name: 'North Quay Bakery' } },
      { id: 28, accounts: { name: 'North Quay Bakery' } },
    ],
  })
  await call('a count of what is related', client.from('accounts').select('id,leads(count)').in('id', [4, 7]).order('id'), {
    data: [
      { id: 4, leads: [{ count: 8 }] },
      { id: 7, leads: [{ count: 6 }] },
    ],
  })
  await call('an embed of one', client.from('leads').select('id,accounts(name)').eq('id', 50).single(), {
    data: { id: 50, accounts: { name: 'Breakwater Legal' } },
  })
  await call('what is not related', client.from('leads').select('id,movies(title)'), refused(400, 'unknown_relation'))
}
