// Functions of the database.

import { ids, refused } from './suite.mjs'

export default async function functions(client, suite) {
  const call = (...parts) => suite.call(...parts)
  const domains = (options) => client.rpc('leads_by_domain', {}, options)
  const all = ['example.com', 'example.net', 'example.org'].map((domain) => ({ domain, leads: 20 }))

  await call('rows', domains().order('domain'), { data: all })
  await call('rows by GET', domains({ get: true }).order('domain'), { data: all })
  await call('some columns of rows', domains().select('domain').order('domain', { ascending: false }).limit(2), {
    data: [{ domain: 'example.org' }, { domain: 'example.net' }],
  })
  await call('a filter on rows', domains().eq('domain', 'example.net'), { data: [{ domain: 'example.net', leads: 20 }] })
  await call('a filter on rows by GET', domains({ get: true }).like('domain', '%.com').gt('leads', 19), { data: [{ domain: 'example.com', leads: 20 }] })
  await call('a filter on an unknown column', domains().eq('domains', 'x'), refused(400, 'unknown_column'))
  await call('one row', domains().eq('domain', 'example.org').single(), { data: { domain: 'example.org', leads: 20 } })
  await call('one row of several', domains().single(), refused(406, 'not_one_row'))
  await call('perhaps one row', domains().eq('domain', 'example.edu').maybeSingle(), {})
  await call('rows, counted', domains({ count: 'exact' }).order('domain').limit(1), { data: all.slice(0, 1), count: 3, status: 206 })
  await call('rows, counted alone', domains({ head: true, count: 'exact' }), { count: 3 })
  await call('rows as CSV', domains().order('domain').csv(), {
    data: 'domain,leads\r\nexample.com,20\r\nexample.net,20\r\nexample.org,20\r\n',
  })

  await call('rows of a table', client.rpc('search_movies', { query: 'Harry Potter' }).eq('title', "Harry Potter and the Sorcerer's Stone").select('title,release_date'), {
    data: [{ title: "Harry Potter and the Sorcerer's Stone", release_date: '2001-11-16' }],
  })
  for (const get of [false, true]) {
    await call(`an argument with a default${get ? ', by GET' : ''}`, client.rpc('search_movies', { query: 'Harry Potter', most: 3 }, { get, count: 'exact' }).select('id'), {
      ...ids(1967, 1962, 1964),
      count: 3,
    })
  }

  for (const [score, get, band] of [[39, false, 'cold'], [40, false, 'warm'], [75, false, 'hot'], [75, true, 'hot']]) {
    await call(`a scalar of ${score}${get ? ', by GET' : ''}`, client.rpc('score_band', { score }, { get }), { data: band })
  }
  await call('an argument too few', client.rpc('score_band', {}), refused(404, 'unknown_function'))
  await call('an argument too many', client.rpc('score_band', { score: 1, colour: 'red' }), refused(404, 'unknown_function'))
  await call('an argument beyond its bounds', client.rpc('score_band', { score: 101 }), refused(422, 'validation_failed'))
  await call('an argument of another type', client.rpc('score_band', { score: 'high' }), refused(422, 'validation_failed'))
  await call('no such function', client.rpc('score_bands', { score: 1 }), refused(404, 'route_not_found'))

  const lead = { email: 'function@functions.example.com', name: 'Ada' }
  const { data } = await client.from('leads').insert(lead).select('id').single()
  const close = (outcome, options) => client.rpc('close_lead', { lead_id: data?.id, outcome }, options)
  await call('a function that writes', close('won').select('name,status,email_domain').single(), {
    data: { name: 'Ada', status: 'won', email_domain: 'functions.example.com' },
  })
  await call('a function that writes, by GET', close('lost', { get: true }), refused(405, 'method_not_allowed'))
  await call('what is no label of an enum', close('gone'), refused(422, 'validation_failed'))
  await call('what a function refuses itself', client.rpc('close_lead', { lead_id: 0, outcome: 'won' }), refused(404, 'database_status', {
    message: 'there is no lead 0',
    hint: 'look in /api/leads',
  }))
  await call('what it wrote', client.from('leads').select('status').eq('email', lead.email).single(), { data: { status: 'won' } })
  await call('a function that writes, rolled back', close('lost').rollback().select('status').single(), { data: { status: 'lost' } })
  await call('what it wrote stays', client.from('leads').delete().eq('email', lead.email).select('status'), { data: [{ status: 'won' }] })
}
