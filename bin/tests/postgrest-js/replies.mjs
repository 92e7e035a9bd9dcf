// Forms of a reply, and what goes wrong on the way.

import assert from 'node:assert/strict'

import { PostgrestClient, PostgrestError } from '@supabase/postgrest-js'

import { ids, refused } from './suite.mjs'

export default async function replies(client, suite, url) {
  const call = (...parts) => suite.call(...parts)
  const won = () => client.from('leads').select('id').eq('status', 'won').order('id')

  await call('single', client.from('leads').select('id,name').eq('id', 50).single(), { data: { id: 50, name: 'Kaia Novák' } })
  await call('single of none', client.from('leads').select('id').eq('id', 0).single(), refused(406, 'not_one_row', { details: 'the result has 0 rows' }))
  await call('single of many', won().single(), refused(406, 'not_one_row', { details: 'the result has 7 rows' }))
  await call('single of many, limited', won().limit(1).single(), { data: { id: 10 } })
  await call('maybeSingle of one', client.from('leads').select('id').eq('id', 50).maybeSingle(), { data: { id: 50 } })
  await call('maybeSingle of none', client.from('leads').select('id').eq('id', 0).maybeSingle(), {})
  // The client's own refusal, by the rows that came.
  await call('maybeSingle of many', won().maybeSingle(), refused(406, 'PGRST116'))

  // Lines end as RFC 4180 has it, after the last one, too.
  await call('csv', client.from('leads').select('id,name,company').in('id', [25, 28, 33]).order('id').csv(), {
    data: 'id,name,company\r\n25,Farid Lindqvist,Lantern & Rope\r\n28,Ines Novák,North Quay Bakery\r\n33,Noor Fisher,\r\n',
  })
  await call('csv of none', client.from('leads').select('id,name').eq('id', 0).csv(), { data: 'id,name\r\n' })
  await call('explain', won().explain(), refused(406, 'not_acceptable'))
  await call('explain as JSON', won().explain({ analyze: true, format: 'json' }), refused(406, 'not_acceptable'))
  await call('geojson', won().geojson(), refused(406, 'not_acceptable'))
  await call('stripNulls', won().stripNulls(), refused(406, 'not_acceptable'))
  await call('stripNulls of one', won().limit(1).single().stripNulls(), refused(406, 'not_acceptable'))

  await call('another schema', client.schema('private').from('leads').select('id'), refused(406, 'not_acceptable'))
  await call('another schema of a write', client.schema('private').from('leads').insert({ name: 'Nobody' }), refused(406, 'not_acceptable'))
  await call('no schema', new PostgrestClient(url).from('leads').select('id').eq('id', 1), ids(1))
  await call('no such table', client.from('lead').select('id'), refused(404, 'route_not_found'))
  await call('a header of one call', won().setHeader('Prefer', 'count=exact').limit(1), { data: [{ id: 10 }], count: 7, status: 206 })

  await suite.holds('throwOnError throws what was refused', async () => {
    await assert.rejects(async () => client.from('leads').select('nmae').throwOnError(), (error) => {
      assert.ok(error instanceof PostgrestError)
      assert.equal(error.code, 'unknown_column')
      assert.equal(error.name, 'PostgrestError')
      return true
    })
  })
  await call('throwOnError of what is answered', won().limit(1).throwOnError(), ids(10))

  const aborted = new AbortController()
  aborted.abort()
  await call('aborted before', won().abortSignal(aborted.signal), {
    status: 0,
    error: { code: '', hint: 'Request was aborted (timeout or manual cancellation)' },
  })
  const late = new AbortController()
  const pending = call('aborted on the way', client.from('movies').select('*').order('director').limit(1000).abortSignal(late.signal), {
    status: 0,
    error: { code: '', hint: 'Request was aborted (timeout or manual cancellation)' },
  })
  setTimeout(() => late.abort(), 1)
  await pending
  const many = Array.from({ length: 20 }, () => client.from('movies').select('*').abortSignal(AbortSignal.timeout(3)))
  await Promise.all(many)
  await call('after what was aborted', won(), ids(10, 28, 33, 35, 37, 45, 50))
}
