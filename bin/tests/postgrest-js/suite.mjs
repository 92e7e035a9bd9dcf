// Runs calls one after the other and compares what the client hands on, all of it, with what was expected.

import assert from 'node:assert/strict'

const ROWS = { data: null, error: null, count: null, status: 200 }

export class Suite {
  calls = 0
  failures = []
  #group = ''
  #sent = ''

  // The client's own fetch; what is sent is noted, to be told beside a failure.
  fetch = (url, options) => {
    const headers = Object.entries(options.headers).filter(([name]) => !['x-client-info', 'content-type'].includes(name))
    const body = options.body === undefined ? '' : `  ${options.body.slice(0, 500)}`
    this.#sent = `${options.method} ${decodeURIComponent(url)}  ${JSON.stringify(Object.fromEntries(headers))}${body}`
    return fetch(url, options)
  }

  group(name) {
    this.#group = name
  }

  // Data, error, count and status must be exactly these; what is not named is null, the status 200.
  // Of an error its code and, where they are expected, other members are compared; it must have the four that
  // the client promises to its callers.
  async call(what, request, expected) {
    this.calls += 1
    this.#sent = ''
    try {
      const got = await request
      const wanted = { ...ROWS, ...expected }
      const seen = { data: got.data, error: got.error, count: got.count, status: got.status }
      if (wanted.error !== null && seen.error) {
        promised(seen.error)
        seen.error = Object.fromEntries(Object.keys(wanted.error).map((name) => [name, seen.error[name]]))
      }
      if (typeof wanted.data === 'function') {
        wanted.data(seen.data)
        wanted.data = seen.data
      }
      assert.deepEqual(seen, wanted)
      return got
    } catch (error) {
      this.#fail(what, error)
      return { data: null, error: null, count: null, status: 0 }
    }
  }

  // What is no reply: something that must hold.
  async holds(what, check) {
    try {
      await check()
    } catch (error) {
      this.#fail(what, error)
    }
  }

  #fail(what, error) {
    const sent = this.#sent ? `\n    ${this.#sent}` : ''
    this.failures.push(`${this.#group}: ${what}${sent}\n    ${String(error.message).replaceAll('\n', '\n    ')}`)
  }
}

function promised(error) {
  assert.equal(typeof error.message, 'string', 'an error has a message')
  assert.notEqual(error.message, '', 'an error has a message')
  for (const name of ['code', 'details', 'hint']) {
    assert.ok(error[name] === null || typeof error[name] === 'string', `${name} of an error is text or null`)
  }
}

// Rows of nothing but numbers, which is what most filters are asked for.
export const ids = (...numbers) => ({ data: numbers.map((id) => ({ id })) })

// A refusal; the client gives neither rows nor a count with it.
export const refused = (status, code, more = {}) => ({ status, error: { code, ...more } })
