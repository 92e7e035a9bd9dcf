// Every filter of the client, over rows whose numbers are known.

import { ids, refused } from './suite.mjs'

export default async function filters(client, suite) {
  const leads = (what, filter, expected) => suite.call(what, filter(client.from('leads').select('id')).order('id'), expected)

  await leads('eq', (q) => q.eq('status', 'won'), ids(10, 28, 33, 35, 37, 45, 50))
  await leads('eq of text with a sign that ends a list', (q) => q.eq('company', 'Lantern & Rope'), ids(25, 32, 39, 58))
  await leads('eq of a number', (q) => q.eq('score', 100), ids(26, 53))
  await leads('eq of an array', (q) => q.eq('tags', '{trial}'), ids(6, 20, 22, 49))
  await leads('neq', (q) => q.eq('status', 'won').neq('score', 51), ids(28, 33, 35, 37, 45, 50))
  await leads('gt', (q) => q.gt('score', 95), ids(8, 26, 46, 53))
  await leads('gte', (q) => q.gte('score', 95), ids(8, 26, 37, 46, 53, 58))
  await leads('lt', (q) => q.lt('score', 10), ids(3, 42))
  await leads('lte', (q) => q.lte('score', 11), ids(3, 13, 32, 42))
  await leads(
    'gte and lt of moments',
    (q) => q.gte('closed_at', '2026-10-10T00:00:00Z').lt('closed_at', '2026-10-18T00:00:00+00:00'),
    ids(5, 23, 27, 40, 60),
  )
  await leads('like', (q) => q.like('name', '%Tanaka'), ids(10, 21, 32, 43, 54))
  await leads('like with stars', (q) => q.like('name', '*Tanaka'), ids(10, 21, 32, 43, 54))
  await leads('like minds the case', (q) => q.like('name', '%tanaka'), ids())
  await leads('ilike', (q) => q.ilike('name', 'ADA%'), ids(20, 40, 60))
  await leads('likeAnyOf', (q) => q.likeAnyOf('name', ['Tove%', 'Sven%']), ids(18, 19, 38, 39, 58, 59))
  await leads('likeAllOf', (q) => q.likeAllOf('name', ['%an%', '%Br%']), ids(1, 12, 21, 23, 34, 45, 56))
  await leads('ilikeAnyOf', (q) => q.ilikeAnyOf('name', ['tove%', 'SVEN%']), ids(18, 19, 38, 39, 58, 59))
  await leads('ilikeAllOf', (q) => q.ilikeAllOf('name', ['%AN%', '%br%']), ids(1, 12, 21, 23, 34, 45, 56))
  await leads('regexMatch', (q) => q.regexMatch('name', '^(Kaia|Mira) '), ids(10, 12, 30, 32, 50, 52))
  await leads('regexIMatch', (q) => q.regexIMatch('name', 'NOV.K$'), ids(6, 17, 28, 39, 50))
  await leads('is null', (q) => q.is('phone', null).eq('status', 'won'), ids(10, 33, 35))
  await leads('not is null', (q) => q.not('account_id', 'is', null).eq('status', 'won'), ids(28, 37, 50))
  await leads('isDistinct counts null', (q) => q.isDistinct('account_id', 7).eq('status', 'won'), ids(10, 28, 33, 35, 37, 45))
  await leads('in', (q) => q.in('id', [60, 1, 30, 1, 999]), ids(1, 30, 60))
  await leads(
    'in of texts that must be quoted',
    (q) => q.in('company', ['Lantern & Rope', 'Tidewater Cycles', 'a,b', 'c(d)']),
    ids(18, 25, 32, 39, 58, 59),
  )
  await leads('in of nothing', (q) => q.in('id', []), ids())
  await leads('notIn', (q) => q.notIn('status', ['new', 'open', 'lost']), ids(10, 28, 33, 35, 37, 45, 50))
  await leads('contains of an array', (q) => q.contains('tags', ['webinar', 'partner']), ids(40, 41, 43, 44, 53))
  await leads('contains of JSON', (q) => q.contains('meta', { source: 'fair', consent: false }), ids(9, 18, 59))
  await leads(
    'containedBy of an array',
    (q) => q.containedBy('tags', ['newsletter', 'trial']).neq('tags', '{}'),
    ids(6, 12, 20, 22, 24, 49),
  )
  await leads(
    'containedBy of JSON',
    (q) => q.containedBy('meta', { source: 'fair', consent: false, more: 1 }),
    ids(9, 18, 59),
  )
  await leads('overlaps', (q) => q.overlaps('tags', ['webinar']).gt('score', 80), ids(23, 26, 37, 53))
  await leads(
    'not of an array',
    (q) => q.not('tags', 'ov', '{harbour-fair,newsletter,trial,webinar,partner}').eq('status', 'lost'),
    ids(5, 27, 46, 51, 60),
  )
  await leads('or', (q) => q.or('score.gt.98,and(status.eq.won,score.lt.25)'), ids(8, 26, 28, 35, 46, 53))
  await leads('or with an array', (q) => q.or('tags.cs.{webinar,trial},score.lt.7'), ids(3, 9, 17, 26, 41, 42))
  await leads('or with a list', (q) => q.or('id.in.(1,2),name.like."Ada S*"'), ids(1, 2, 20))
  await leads('or with not', (q) => q.or('status.not.in.(new,open,lost),not.and(id.gt.2,id.lt.60)'), ids(1, 2, 10, 28, 33, 35, 37, 45, 50, 60))
  await leads('two ors', (q) => q.or('id.eq.1,id.eq.2').or('id.eq.2,id.eq.3'), ids(2))
  await leads('filter', (q) => q.filter('score', 'gte', 99), ids(8, 26, 46, 53))
  await leads('filter with any', (q) => q.filter('score', 'eq(any)', '{99,100}'), ids(8, 26, 46, 53))
  await leads('filter with not', (q) => q.filter('status', 'not.in', '(new,open,lost)'), ids(10, 28, 33, 35, 37, 45, 50))
  await leads('match', (q) => q.match({ status: 'won', account_id: 4 }), ids(28, 37))
  await leads('text in JSON', (q) => q.eq('meta->>source', 'fair').eq('status', 'won'), ids(33, 35))
  await leads('JSON in JSON', (q) => q.eq('meta->consent', false).eq('status', 'won'), ids(10, 45))
  await leads('in of texts in JSON', (q) => q.in('meta->>source', ['web', 'fair']).eq('status', 'won'), ids(33, 35, 45, 50))
  await leads('textSearch', (q) => q.textSearch('name', 'Kaia & !Keller'), ids(10, 50))
  await leads('textSearch, plain', (q) => q.textSearch('company', 'legal breakwater', { type: 'plain', config: 'english' }), ids(1, 3, 15, 46, 47, 50))
  await leads('textSearch, phrase', (q) => q.textSearch('company', 'legal breakwater', { type: 'phrase' }), ids())
  await leads(
    'textSearch, as in a search engine',
    (q) => q.textSearch('name', 'Kaia or Mira -Keller', { type: 'websearch', config: 'simple' }),
    ids(10, 12, 30, 32, 50),
  )

  // The demo has no ranges: the operators must be read, and refused for the columns' sake.
  for (const name of ['rangeGt', 'rangeGte', 'rangeLt', 'rangeLte', 'rangeAdjacent']) {
    await leads(`${name} of what is no range`, (q) => q[name]('score', '[1,5)'), refused(400, 'bad_query'))
  }
  await leads('an unknown column', (q) => q.eq('scor', 1), refused(400, 'unknown_column'))
  await leads('a value of another type', (q) => q.eq('score', 'many'), refused(400, 'bad_query'))
  await leads('an unknown operator', (q) => q.filter('score', 'almost', 1), refused(400, 'bad_query'))
  await leads('parentheses that do not close', (q) => q.or('id.eq.1,and(id.eq.2'), refused(400, 'bad_query'))
}
