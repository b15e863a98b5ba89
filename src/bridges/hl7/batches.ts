/**
 * Several messages in one text: a batch (BHS to BTS) or a file of batches (FHS to FTS), or one after the other with nothing
 * around them, as many folders have them (HL7 v2, 2.10.3). Each message stands for itself; what does not add up is said.
 */

export interface Batch {
  readonly messages: readonly string[]
  /** Whether anything stood around the messages. */
  readonly isBatch: boolean
  /** What is wrong with the envelope, as sentences: counts that differ, lines outside of a message. */
  readonly problems: readonly string[]
}

/** The messages of a text. A text without any has one problem. */
export function splitBatch(text: string): Batch {
  const messages: string[] = []
  const problems: string[] = []
  let isBatch = false
  let inMessage = false
  let [inBatch, batches, outside] = [0, 0, 0]
  const lines: string[] = []
  const end = (): void => {
    if (lines.length > 0) messages.push(`${lines.splice(0).join('\r')}\r`)
    inMessage = false
  }
  for (const line of text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/)) {
    const name = line.slice(0, 3)
    if (name === 'MSH') {
      end()
      inMessage = true
      inBatch++
      lines.push(line)
    } else if (name === 'FHS' || name === 'BHS') {
      end()
      isBatch = true
      if (name === 'BHS') [batches, inBatch] = [batches + 1, 0]
    } else if (name === 'BTS' || name === 'FTS') {
      end()
      isBatch = true
      const [says, has] = [line.split(line[3] ?? '|')[1]?.trim() ?? '', name === 'BTS' ? inBatch : batches]
      if (/^\d{1,9}$/.test(says) && Number(says) !== has)
        problems.push(`${name}-1 says ${says}, and there ${has === 1 ? 'is' : 'are'} ${has}.`)
    } else if (inMessage) {
      if (line !== '') lines.push(line)
    } else if (line.trim() !== '') outside++
  }
  end()
  if (outside > 0) problems.push(`${outside === 1 ? '1 line stands' : `${outside} lines stand`} outside of a message.`)
  if (messages.length === 0) problems.push('There is no message in it.')
  return { messages, isBatch, problems }
}

/**
 * The messages in bytes that came as one: each as it stands, undecoded, since names and line ends are the same bytes in
 * every character set that is taken. What is no batch is one message, whatever it is.
 */
export function messagesIn(bytes: Uint8Array): {
  readonly messages: readonly Uint8Array[]
  readonly problems: readonly string[]
} {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    .toString('latin1')
    .replace(/^\u00EF\u00BB\u00BF/, '')
  if (!/^(?:FHS|BHS)/.test(text) && !/^MSH[^]*?[\r\n]MSH/.test(text)) return { messages: [bytes], problems: [] }
  const { messages, problems } = splitBatch(text)
  return { messages: messages.map((message) => Buffer.from(message, 'latin1')), problems }
}

/** Messages as one file of one batch; each is a text whose segments end by CR. */
export function buildBatch(messages: readonly string[], from: { application: string; at: string; id: string }): string {
  const header = `^~\\&|${from.application}|||||${from.at}`
  return [
    `FHS|${header}|||${from.id}\r`,
    `BHS|${header}|||${from.id}\r`,
    ...messages,
    `BTS|${messages.length}\r`,
    'FTS|1\r',
  ].join('')
}
