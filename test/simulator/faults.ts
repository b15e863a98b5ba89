/**
 * Faults that are planted into a copy of the source, to show that the simulator sees them: each breaks one rule in one
 * place. `within` is the number of steps by which it must be found, from seed 1 on, or from `seed`: what one history in
 * hundreds shows is looked for where it is.
 */

export interface Fault {
  readonly name: string
  /** The rule that it breaks: of the replication rules, or of this product. */
  readonly rule: string
  readonly changes: readonly {
    readonly file: string
    readonly from: string
    readonly to: string
  }[]
  readonly within: number
  readonly seed?: number
}

const one = (name: string, rule: string, file: string, from: string, to: string, within: number, seed = 1): Fault => ({
  name,
  rule,
  changes: [{ file, from, to }],
  within,
  seed,
})

export const faults: readonly Fault[] = [
  one(
    'an epoch is not begun at a start',
    'rule 1',
    'replica/replica.ts',
    'let epochs = await store.startEpoch(mintEpoch(clock))',
    'let epochs = opened.epochs.length > 0 ? opened.epochs : await store.startEpoch(mintEpoch(clock))',
    20_000,
    15,
  ),
  {
    name: 'a machine that was put back while running goes on under its epoch',
    rule: 'rule 1',
    changes: [
      {
        file: 'replica/replica.ts',
        from: 'if (ours && wasPutBack(epochs, head, ours)) {',
        to: 'if (ours && head < 0) {',
      },
      { file: 'replica/replica.ts', from: 'if (Math.max(...positions) > head) {', to: 'if (head < 0) {' },
    ],
    within: 100_000,
  },
  one(
    'the client id is the same after every start',
    'rule 1',
    'replica/replica.ts',
    'return { client: randomBelow(clock, 2 ** 32 - 1) + 1, replica }',
    'return { client: 1 + [...replica].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 4e9, 7), replica }',
    20_000,
  ),
  one(
    'links walk documents by their newest row',
    'rule 2',
    'replica/memory-store.ts',
    'const row = found.log[at]!',
    'const row = found.log[at]!\n        if (found.documents.get(row.key)!.head.seq !== row.seq) continue',
    20_000,
  ),
  one(
    'a batch that waited behind a failed commit is taken',
    'rule 3',
    'replica/replica.ts',
    'if (batch.from > position)',
    'if (batch.from < 0)',
    600_000,
  ),
  one(
    'a batch is acknowledged before it is committed',
    'rule 4',
    'replica/link-state.ts',
    "[{ kind: 'receive', batch: frame }]",
    "[{ kind: 'send', frame: { kind: 'ack', collection: frame.collection, to: frame.to, refused: [] } }, { kind: 'receive', batch: frame }]",
    20_000,
  ),
  one(
    'the cursor moves in a transaction of its own, before the rows',
    'rule 4',
    'replica/commits.ts',
    'await store.append(all, progress, renewals, changes)',
    'await store.append([], progress).then(() => store.append(all, [], renewals, changes))',
    20_000,
  ),
  one(
    'complete moves with every batch',
    'rule 4',
    'replica/replica.ts',
    'complete: batch.tail ? batch.to : complete',
    'complete: batch.to',
    600_000,
  ),
  one(
    'what was seen of a peer is taken from where its cursors stand',
    'rule 4',
    'replica/peers.ts',
    'const restored = known.seen > common',
    'const restored = Math.max(...known.cursors.map((cursor) => cursor.position)) > common',
    600_000,
  ),
  {
    name: 'rows that add nothing are logged, and sent back to where they came from',
    rule: 'rule 5',
    changes: [
      {
        file: 'replica/admission.ts',
        from: "if (!saysMore && !examined.deletes) return 'nothing'",
        to: '',
      },
      { file: 'replica/admission.ts', from: 'unsure: !saysMore', to: 'unsure: false' },
      {
        file: 'replica/outgoing.ts',
        from: 'beyond: amnesty',
        to: 'beyond: Infinity',
      },
    ],
    within: 20_000,
  },
  one(
    'the histories of a peer are not compared',
    'rule 6',
    'replica/peers.ts',
    'const common = firstContact ? Infinity : commonPoint(known.chain, declared.epochs)',
    'const common = Infinity',
    20_000,
  ),
  one(
    'the newest common point is taken for the end of the newest epoch of ours',
    'rule 6',
    'replica/peers.ts',
    'return Math.min(endOf(stored, i), endOf(declared, j))',
    'return endOf(declared, j)',
    20_000,
    44,
  ),
  one(
    'a restored peer gets no amnesty',
    'rule 6',
    'replica/peers.ts',
    'restored || renewed[collection] ? ownHead : at',
    'renewed[collection] ? ownHead : at',
    20_000,
  ),
  one(
    'an erasure is dropped where it meets content',
    'rule 8',
    'replica/generations.ts',
    'return a.erased - b.erased || a.generation - b.generation',
    'return 0 * a.erased',
    20_000,
  ),
  one(
    'a document that begins to pass is not logged anew',
    'rule 10',
    'replica/edits.ts',
    'if (context.begins(row, held)) return loggedAnew(row, draft)',
    '',
    200_000,
  ),
  {
    name: 'the portal withdraws a document without waiting for the acknowledgement',
    rule: 'rule 9',
    changes: [
      {
        file: 'replica/mirroring.ts',
        from: 'acknowledged(one, collection) >= seq && one.passes(collection, facts)',
        to: 'seq + facts.at + (one.passes(collection, facts) ? 1 : 0) > 0',
      },
      {
        file: 'replica/mirroring.ts',
        from: 'reach: (collection) => Math.max(0, ...',
        to: 'reach: (collection) => Math.max(Infinity, ...',
      },
    ],
    seed: 12,
    within: 20_000,
  },
  {
    name: 'the portal takes a connection of which the site was put back for one that mirrors',
    rule: 'rule 9',
    changes: [{ file: 'replica/mirroring.ts', from: 'one.answered >= since', to: 'one.answered + since >= 0' }],
    seed: 554_827_614,
    within: 1_500,
  },
  {
    name: 'a receipt is not read',
    rule: 'rule 9',
    changes: [
      {
        file: 'replica/replica.ts',
        from: 'if (row.receipt && !holds && !isLetGo) receipts.set(row.key, row.seq)',
        to: '',
      },
    ],
    seed: 2_070,
    within: 100_000,
  },
  one(
    'a site gives no notice that a document ceased to pass',
    'rule 9',
    'replica/edits.ts',
    'return ceases(row, held, context.passes) ? { ...row, receipt: true } : row',
    'return ceases(row, held, context.passes) ? { ...row, receipt: false } : row',
    20_000,
  ),
  {
    name: 'the portal writes on under a client id of which it has withdrawn what it wrote',
    rule: 'rule 9',
    changes: [
      {
        file: 'replica/replica.ts',
        from: 'if (documents.some(({ vector }) => decodeVector(vector).has(writer.client))) writer = mintWriter(id, clock)',
        to: 'if (documents.length < 0) writer = mintWriter(id, clock)',
      },
    ],
    seed: 480,
    within: 200_000,
  },
  one(
    'a collection is erased without a new incarnation',
    'rule 11',
    'replica/withdrawing.ts',
    'incarnation: options.mintIncarnation()',
    "incarnation: ''",
    200_000,
  ),
  one(
    'a collection is erased while the cursors in it stay',
    'rule 11',
    'replica/replica.ts',
    'peers.set(replica, { ...peer, cursors: peer.cursors.with(collection, atStart) })',
    'peers.set(replica, collection < 0 ? { ...peer, cursors: [atStart] } : peer)',
    200_000,
  ),
  one(
    'a fold depends on the order of its writers',
    'a fold is the same in any order',
    'replica/records.ts',
    'if (held && !isNewer(written, replica, held, winners.get(field)!)) continue',
    'if (held && [...maps.keys()].indexOf(replica) === 0) continue',
    20_000,
  ),
  one(
    'two processes of one replica write into one map',
    'a field never goes back in time',
    'replica/document.ts',
    'return `by:${replica}:${client.toString(36)}`',
    'return `by:${replica}:`',
    100_000,
  ),
  one(
    'a follower moves on before it has done its work',
    'effects happen once, and happen',
    'replica/followers.ts',
    'const projections = await options.handle(documents)',
    'await store.advance(options.name, documents.at(-1)!.seq, [])\n      const projections = await options.handle(documents)',
    20_000,
  ),
  one(
    'a change is acknowledged though its commit failed',
    'nothing acknowledged is lost',
    'replica/commits.ts',
    'for (const item of built) item.job.failed(error)',
    'for (const item of built) item.job.done([])',
    20_000,
  ),
  one(
    'a row that comes while the log is read is not looked for again',
    'everything committed is sent',
    'replica/link-state.ts',
    'sending: state.sending.map((one) => ({ ...one, stale: true })) })\n      : [state, []]',
    'sending: state.sending.map((one) => ({ ...one, stale: !state.reading })) })\n      : [state, []]',
    20_000,
  ),
  one(
    'the newer facts of a document are those that came last',
    'facts are the same everywhere',
    'replica/collections.ts',
    'if (a.at !== b.at) return a.at > b.at ? a : b',
    'if (a.at !== b.at) return b',
    20_000,
  ),
  one(
    'listeners of a connection stay when it ends',
    'nothing grows',
    'replica/link-socket.ts',
    '    stopListening()\n',
    '',
    20_000,
  ),
  one(
    'where a peer stands when it connects does not count as acknowledged',
    'status tells what waits',
    'replica/link-state.ts',
    "[{ kind: 'live', version: next.version }, stands, ...marks]",
    "[{ kind: 'live', version: next.version }, ...marks]",
    20_000,
  ),
  one(
    'a pong that answers an older ping counts as an answer',
    'rule 12',
    'replica/answering.ts',
    'if (asked.equals(said)) settle(true)',
    'if (said) settle(true)',
    600_000,
  ),
  one(
    'a later part of one commit sets back what is known of a peer',
    'rule 4',
    'replica/replica.ts',
    'const before = ahead.get(peer) ?? known(peer)',
    'const before = known(peer)',
    600_000,
  ),
  one(
    'delete sets are left out of the digest',
    'LINK-11',
    'replica/document.ts',
    'JSON.stringify([version.generation, version.erased, content, vector, deleted])',
    'JSON.stringify([version.generation, version.erased, content, vector, deleted.length * 0])',
    20_000,
  ),
  one(
    'what waits is not tried again',
    'LINK-12',
    'replica/quarantine.ts',
    'added.push(...(await released(draft, name, key, context)))',
    'await draft.load(name, [key])',
    60_000,
  ),
  one(
    'what begins to pass by settings is not logged anew',
    'rule 10',
    'mirror/site-mirror.ts',
    "await replica.passAnew(isSame ? ['events'] : collections)",
    '',
    150_000,
  ),
  one(
    'a collection that a site erases stays at the portal',
    'rule 9',
    'mirror/policy.ts',
    'if (isErased(settings, collection)) return false',
    '',
    20_000,
    8,
  ),
]
