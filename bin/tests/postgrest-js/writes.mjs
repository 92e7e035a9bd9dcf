// Writes. What they change is taken back by the last of them.
//
// In three things the service differs from PostgREST on purpose (docs/api.md), and the client hands on what it says: a
// create that asks for nothing gets the rows as stored, what a row of an array lacks is its default unless null is asked
// for, and an array of no rows is refused.

import assert from 'node:assert/strict'

import { ids, refused } from './suite.mjs'

const DOMAIN = 'clients.example.com'
const address = (name) => `${name}@${DOMAIN}`

// Rows as stored, of which these members are known beforehand.
const stored = (expected) => ({
  status: 201,
  data: (data) => {
    const known = (row, like) => Object.fromEntries(Object.keys(like).map((name) => [name, row[name]]))
    const rows = Array.isArray(expected) ? data.map((row, place) => known(row, expected[place] ?? {})) : known(data, expected)
    assert.deepEqual(rows, expected)
  },
})

export default async function writes(client, suite) {
  const call = (...parts) => suite.call(...parts)
  const leads = () => client.from('leads')
  const ours = () => leads().select('name,score').eq('email_domain', DOMAIN).order('name')

  await call('insert one, without the row', leads().insert({ email: address('ada'), name: 'Ada' }), stored({ name: 'Ada', score: 0, email_domain: DOMAIN }))
  await call('insert one, with the row', leads().insert({ email: address('bram'), name: 'Bram', score: 7 }).select('name,score,status'), {
    data: [{ name: 'Bram', score: 7, status: 'new' }],
    status: 201,
  })
  await call('insert one, as a single row', leads().insert({ email: address('cleo'), name: 'Cleo' }).select('name,email_domain').single(), {
    data: { name: 'Cleo', email_domain: DOMAIN },
    status: 201,
  })
  await call('insert many, without the rows', leads().insert([{ email: address('dario'), name: 'Dario' }, { email: address('elin'), name: 'Elin' }]), stored([{ name: 'Dario' }, { name: 'Elin' }]))
  await call(
    'insert many, counted',
    leads().insert([{ email: address('farid'), name: 'Farid', score: 1 }, { email: address('greta'), name: 'Greta', score: 2 }], { count: 'exact' }).select('score'),
    { data: [{ score: 1 }, { score: 2 }], status: 201, count: 2 },
  )
  await call('insert one, counted', leads().insert({ email: address('hugo'), name: 'Hugo' }, { count: 'exact' }), { ...stored({ name: 'Hugo' }), count: 1 })
  // Rows of different columns: the client names all of them in `columns`.
  for (const [what, options, names] of [
    ['what a row lacks is its default', {}, ['Ines', 'Jonas']],
    ['what a row lacks is its default, said so', { defaultToNull: false }, ['Olaf', 'Petra']],
  ]) {
    const rows = names.map((name, place) => ({ email: address(name.toLowerCase()), name, ...(place === 0 ? { score: 3 } : {}) }))
    await call(what, leads().insert(rows, options).select('name,score'), {
      data: [{ name: names[0], score: 3 }, { name: names[1], score: 0 }],
      status: 201,
    })
  }
  await call('insert of nothing', leads().insert([]).select('id'), refused(422, 'validation_failed', { details: 'must have at least 1 row' }))
  await call('insert what breaks rules', leads().insert({ email: 'ada@', name: '', score: 140 }).select(), refused(422, 'validation_failed'))
  await call('insert what is there', leads().insert({ email: address('ada'), name: 'Ada' }).select(), refused(409, 'unique_conflict'))
  await call('insert what points nowhere', leads().insert({ email: address('nobody'), name: 'Nobody', account_id: 999 }), refused(409, 'foreign_key_conflict'))
  await call('insert with what is related', leads().insert({ email: address('kaia'), name: 'Kaia', account_id: 3 }).select('name,accounts(name)'), {
    data: [{ name: 'Kaia', accounts: { name: 'Lantern & Rope' } }],
    status: 201,
  })

  await call('upsert of what is there', leads().upsert({ email: address('ada'), name: 'Ada', score: 11 }, { onConflict: 'email' }).select('name,score'), {
    data: [{ name: 'Ada', score: 11 }],
  })
  await call('upsert of what is new', leads().upsert({ email: address('luca'), name: 'Luca', score: 12 }, { onConflict: 'email' }).select('name,score'), {
    data: [{ name: 'Luca', score: 12 }],
    status: 201,
  })
  await call(
    'upsert of both',
    leads().upsert([{ email: address('luca'), name: 'Luca', score: 13 }, { email: address('mira'), name: 'Mira', score: 14 }], { onConflict: 'email', count: 'exact' }).select('name,score'),
    { data: [{ name: 'Luca', score: 13 }, { name: 'Mira', score: 14 }], status: 201, count: 2 },
  )
  await call(
    'upsert that ignores what is there',
    leads().upsert([{ email: address('mira'), name: 'Mira', score: 99 }, { email: address('noor'), name: 'Noor', score: 15 }], { onConflict: 'email', ignoreDuplicates: true }).select('name,score'),
    { data: [{ name: 'Noor', score: 15 }], status: 201 },
  )
  await call('upsert by a key of two columns', client.from('events').upsert({ lead_id: 1, seq: 90, kind: 'met' }).select('lead_id,seq,kind'), {
    data: [{ lead_id: 1, seq: 90, kind: 'met' }],
    status: 201,
  })
  await call('upsert by a key of two columns, again', client.from('events').upsert({ lead_id: 1, seq: 90, kind: 'called' }), { ...stored({ lead_id: 1, seq: 90, kind: 'called' }), status: 200 })
  await call('upsert by what is no key', leads().upsert({ email: address('rosa'), name: 'Rosa' }, { onConflict: 'name' }), refused(400, 'bad_query'))
  await call('what was written is there', ours(), {
    data: [
      ['Ada', 11], ['Bram', 7], ['Cleo', 0], ['Dario', 0], ['Elin', 0], ['Farid', 1], ['Greta', 2], ['Hugo', 0],
      ['Ines', 3], ['Jonas', 0], ['Kaia', 0], ['Luca', 13], ['Mira', 14], ['Noor', 15], ['Olaf', 3], ['Petra', 0],
    ].map(([name, score]) => ({ name, score })),
  })

  await call('update, without the rows', leads().update({ score: 21 }).eq('email', address('ada')), { status: 204 })
  await call('update, with the rows', leads().update({ score: 22 }).in('email', [address('ada'), address('bram')]).select('name,score').order('name'), {
    data: [{ name: 'Ada', score: 22 }, { name: 'Bram', score: 22 }],
  })
  await call('update, counted', leads().update({ score: 23 }, { count: 'exact' }).in('email', [address('ada'), address('bram')]), { status: 204, count: 2 })
  await call('update of none', leads().update({ score: 24 }).eq('id', 0).select('id'), ids())
  await call('update of a single row', leads().update({ score: 25 }).eq('email', address('ada')).select('score').single(), { data: { score: 25 } })
  await call('update of several as a single row', leads().update({ score: 26 }).eq('email_domain', DOMAIN).select('score').single(), refused(406, 'not_one_row'))
  await call('maybeSingle of an update of none', leads().update({ score: 26 }).eq('id', 0).select('id').maybeSingle(), {})
  await call('update within bounds', leads().update({ score: 27 }).eq('email', address('ada')).maxAffected(1).select('score'), { data: [{ score: 27 }] })
  await call('update beyond bounds', leads().update({ score: 28 }).eq('email_domain', DOMAIN).maxAffected(3), refused(400, 'max_affected'))
  await call('update of everything', leads().update({ score: 29 }), refused(400, 'mass_write'))
  await call('update of what is computed', leads().update({ email_domain: 'x' }).eq('id', 1), refused(422, 'validation_failed'))
  await call('rollback', leads().update({ score: 30 }).eq('email', address('ada')).rollback().select('score'), { data: [{ score: 30 }] })
  await call('nothing of what was refused or rolled back', ours().gt('score', 15), {
    data: [{ name: 'Ada', score: 27 }, { name: 'Bram', score: 23 }],
  })

  await call('delete, with the rows', leads().delete().eq('email', address('ada')).select('name'), { data: [{ name: 'Ada' }] })
  await call('delete, without the rows', leads().delete().eq('email', address('bram')), { status: 204 })
  await call('delete, counted', leads().delete({ count: 'exact' }).in('email', [address('cleo'), address('dario')]), { status: 204, count: 2 })
  await call('delete beyond bounds', leads().delete().eq('email_domain', DOMAIN).maxAffected(3), refused(400, 'max_affected'))
  await call('delete of everything', leads().delete(), refused(400, 'mass_write'))
  await call('delete where nobody may', client.from('movies').delete().eq('id', 1), refused(405, 'method_not_allowed'))
  await call('a write that is aborted is whole', leads().insert({ email: address('rosa'), name: 'Rosa' }).abortSignal(AbortSignal.abort()), {
    status: 0,
    error: { code: '' },
  })
  await call('delete by a filter that is not the key', client.from('events').delete().eq('lead_id', 1).gt('seq', 50).select('seq'), { data: [{ seq: 90 }] })
  await call('delete of the rest', leads().delete({ count: 'exact' }).eq('email_domain', DOMAIN), { status: 204, count: 12 })
  await call('all as before', leads().select('id', { count: 'exact' }).limit(1), { ...ids(1), count: 60, status: 206 })
}
