// Functions of the database.

import { refused } from './suite.mjs'

export default async function functions(client, suite) {
  const call = (...parts) => suite.call(...parts)

  await call('rpc with an argument', client.rpc('score_band', { score: 95 }), { data: 'hot' })
  await call('rpc by GET', client.rpc('score_band', { score: 5 }, { get: true }), { data: 'cold' })
}
