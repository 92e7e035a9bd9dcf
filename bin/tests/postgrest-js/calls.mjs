// Calls of PostgREST's JavaScript client, as published, against the demo's data.
//
//     npm ci && WINDLASS_KEY=$(windlass key create client) node calls.mjs http://127.0.0.1:8080/api
//
// The demo must be fresh: ids and counts are those of its files. Ends with 1 if a call is answered otherwise than
// PostgREST's documentation lets a caller expect.

import { PostgrestClient } from '@supabase/postgrest-js'

import embeds from './embeds.mjs'
import filters from './filters.mjs'
import functions from './functions.mjs'
import lists from './lists.mjs'
import replies from './replies.mjs'
import { Suite } from './suite.mjs'
import writes from './writes.mjs'

const topics = { filters, lists, embeds, replies, functions, writes }
const [url, ...chosen] = process.argv.slice(2)
if (!url || chosen.some((name) => !(name in topics))) {
  console.error(`usage: node calls.mjs URL [${Object.keys(topics).join('|')}…]`)
  process.exit(2)
}
const suite = new Suite()
const key = process.env.WINDLASS_KEY
if (!key) {
  console.error('WINDLASS_KEY is to hold an API key: windlass key create client')
  process.exit(2)
}
// As supabase-js makes it: the key twice, and the schema, though there is but one API.
const client = new PostgrestClient(url, {
  headers: { apikey: key, Authorization: `Bearer ${key}` },
  schema: 'public',
  fetch: suite.fetch,
})
for (const [name, topic] of Object.entries(topics)) {
  if (chosen.length === 0 || chosen.includes(name)) {
    suite.group(name)
    await topic(client, suite, url)
  }
}
for (const failure of suite.failures) {
  console.log(`- ${failure}\n`)
}
console.log(`${suite.calls} calls, ${suite.failures.length} failures`)
process.exitCode = suite.failures.length === 0 ? 0 : 1
