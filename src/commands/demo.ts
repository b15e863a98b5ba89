/**
 * `npm start`: a portal and two practice sites of one practice on this machine, each a process of its own, so that any of
 * them can be stopped and started again. Synthetic people only. A second start finds its data.
 */
import type { ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import type { Clock } from '../replica/clock.ts'
import { optional, wholeNumber, type Command, type CommandContext } from './command.ts'

const string = { type: 'string' } as const
const sites = ['Mesa', 'Scottsdale'] as const

export const demo: Command = {
  usage: 'demo [--port N] [--data DIR]',
  about: 'a portal and two practice sites with sample InSched databases, on this machine',
  options: { port: string, data: string },
  async run(given, context) {
    // Only here: no other command waits until they are loaded.
    const { mailSandbox } = await import('../bridges/email/sandbox.ts')
    const { textSandbox } = await import('../bridges/texts/sandbox.ts')
    const { dialing } = await import('../server/dialing.ts')
    const { serveCardSandbox } = await import('../server/card-sandbox-page.ts')
    const { serveMailSandbox } = await import('../server/mail-sandbox-page.ts')
    const { serveTextSandbox } = await import('../server/texts/text-sandbox-app.ts')
    const { receivedPath } = await import('../server/texts/webhooks.ts')
    const dir = resolve(optional(given, 'data') ?? 'demo-data')
    const port = wholeNumber(optional(given, 'port'), 'port') ?? 8080
    mkdirSync(dir, { recursive: true })
    const sandbox = await mailSandbox({ now: context.clock.now })
    const mails = await serveMailSandbox(sandbox, port === 0 ? 0 : port + 1 + sites.length, context.clock)
    const account = { accountSid: 'ACsandbox', authToken: Buffer.from(context.clock.bytes(16)).toString('hex'), messagingServiceSid: 'MGsandbox' } // prettier-ignore
    const phones = textSandbox({ account, clock: context.clock, ask: dialing({ ca: undefined }).ask })
    const texts = await serveTextSandbox(phones, port === 0 ? 0 : port + 2 + sites.length)
    const accounts = join(dir, 'texts')
    // Made anew, so that nobody else may read it whatever stood there.
    rmSync(accounts, { force: true })
    writeFileSync(accounts, `${texts.url.replace('://', `://${account.accountSid}:${account.authToken}@`)}/${account.messagingServiceSid}?hours=any`, { mode: 0o600 }) // prettier-ignore
    const practice = await practiceIn(context, dir)
    const cards = await serveCardSandbox({ port: port === 0 ? 0 : port + 3 + sites.length, clock: context.clock, file: join(dir, 'card-sandbox'), ...cardSecrets }) // prettier-ignore
    const cardAccounts = join(dir, 'accounts.json')
    writeFileSync(cardAccounts, JSON.stringify({ [practice]: { secretKey: cardSecrets.secretKey, webhookSecrets: [cardSecrets.webhookSecret], apiBase: cards.url } }), { mode: 0o600 }) // prettier-ignore
    const portalArgs = ['portal', '--data', join(dir, 'portal'), '--port', String(port), '--smtp', sandbox.url, '--mail-from', 'portal@demo.example', '--texts', accounts, '--payments', cardAccounts, '--json'] // prettier-ignore
    let portal = await start(context, portalArgs)
    cards.sandbox.options.webhookUrl = `${portal.url}/webhooks/stripe/${practice}`
    const consoles: { name: string; child: ChildProcess; url: string; setup?: string }[] = []
    try {
      await prepare(context, dir, practice, portal.url)
      phones.inboundTo(`${portal.url}${receivedPath(practice)}`)
      for (const [number, name] of sites.entries()) {
        const folder = join(dir, name.toLowerCase())
        const site = await start(context, [
          'site',
          '--data',
          folder,
          '--console-port',
          String(port + 1 + number),
          '--json',
        ])
        consoles.push({ name, ...site })
      }
      const folder = join(dir, 'mesa')
      await once(context, ['upload', '--data', folder])
      const texting = join(dir, 'texting')
      if (!existsSync(texting)) {
        // The names of Desert Bloom's texts do not say what it does; a month's confirmations go out at once, so that there are some.
        await once(context, ['texts', 'set', 'practiceName', 'Desert Bloom', '--data', folder])
        await once(context, ['texts', 'set', 'rule/request', 'confirmation request 5 days before', '--data', folder])
        await once(context, ['texts', 'set', 'sending', 'on', '--data', folder])
        writeFileSync(texting, '')
      }
      const marker = join(dir, 'greeted')
      if (!existsSync(marker)) {
        await once(context, [
          'message',
          '--data',
          folder,
          '--patient',
          '1',
          '--subject',
          'Before your visit',
          '--text',
          'Please come ten minutes early. Do you have any questions?',
        ])
        writeFileSync(marker, '')
      }
      await shareSites(context, dir)
      const { url } = (await once(context, ['invite', '--data', folder, '--patient', '1'])) as { url: string }
      const born = (await birthDate(folder, context.clock)) ?? ''
      context.print(
        {
          ready: true,
          url: portal.url,
          pid: process.pid,
          mails: mails.url,
          texts: texts.url,
          cards: cards.url,
          invitation: url,
          consoles: consoles.map(({ name, url: at, setup }) => ({ name, url: at, setup })),
        },
        greeting({
          portal: portal.url,
          consoles,
          mails: mails.url,
          texts: texts.url,
          cards: cards.url,
          invitation: url,
          born,
        }),
      )
      const keys = createInterface({ input: process.stdin })
      keys.on('line', (line) => {
        if (line.trim() !== 'p') return
        void (async () => {
          if (portal.child.exitCode === null) {
            await stop(portal.child)
            context.say('The portal is stopped. Type p and Enter to start it again.')
          } else {
            portal = await start(context, portalArgs)
            context.say(`The portal is ready again at ${portal.url}`)
          }
        })().catch((error: unknown) => context.say((error as Error).message))
      })
      await context.ended
      keys.close()
    } finally {
      await Promise.all([...consoles.map(({ child }) => stop(child)), stop(portal.child)])
      await Promise.all([mails.close(), sandbox.close(), texts.close(), cards.close()])
    }
  },
}

/** Of the sandbox alone: they open nothing. */
const cardSecrets = { secretKey: 'sk_test_sandbox', webhookSecret: 'whsec_sandbox' } as const

/** The practice, added before the portal runs: its account for payments is named when that begins. */
async function practiceIn(context: CommandContext, dir: string): Promise<string> {
  const file = join(dir, 'practice')
  if (!existsSync(file)) {
    const made = (await once(context, [
      'practice',
      'add',
      '--data',
      join(dir, 'portal'),
      '--name',
      'Desert Bloom Surgery',
      '--zone',
      'America/Phoenix',
    ])) as { practiceId: string }
    writeFileSync(file, made.practiceId)
  }
  return readFileSync(file, 'utf8')
}

/** Sites, databases: what of them is not there yet. */
async function prepare(context: CommandContext, dir: string, practice: string, portal: string): Promise<void> {
  for (const [number, name] of sites.entries()) {
    const folder = join(dir, name.toLowerCase())
    const database = join(dir, `insched-${name.toLowerCase()}.db`)
    if (!existsSync(database))
      await once(context, ['insched', 'create', database, '--patients', '300', '--seed', String(number + 1)])
    if (existsSync(join(folder, 'site.json'))) continue
    const { enrollmentCode } = (await once(context, [
      'site',
      'add',
      '--data',
      join(dir, 'portal'),
      '--practice',
      practice,
      '--name',
      name,
    ])) as { enrollmentCode: string }
    await once(context, [
      'enroll',
      '--data',
      folder,
      '--portal',
      portal,
      '--code',
      enrollmentCode,
      '--insched',
      `sqlite:${database}`,
    ])
  }
}

/** Each site gives its patients, plans and events to the other and takes those of it: an admin of each could take it back. */
async function shareSites(context: CommandContext, dir: string): Promise<void> {
  const marker = join(dir, 'shared')
  if (existsSync(marker)) return
  const shares = sites.map(async (name) => {
    const [other, folder] = [sites.find((one) => one !== name)!, join(dir, name.toLowerCase())]
    for (const collection of ['patients', 'plans', 'events'])
      await whenIntroduced(context, () => once(context, ['mirror', 'share', other, collection, 'both', '--data', folder])) // prettier-ignore
  })
  await Promise.all(shares)
  writeFileSync(marker, '')
}

/** Tries again while the portal has not yet told a site of the other, for at most 20 seconds. */
async function whenIntroduced(context: CommandContext, share: () => Promise<unknown>): Promise<void> {
  for (const until = context.clock.now() + 20_000; ;) {
    try {
      await share()
      return
    } catch (error) {
      if (context.clock.now() > until || !(error as Error).message.includes('There is no other site')) throw error
    }
    await new Promise<void>((resolve) => void context.clock.after(500, resolve))
  }
}

async function birthDate(folder: string, clock: Clock): Promise<string | undefined> {
  const { openInSched } = await import('../bridges/insched/insched.ts')
  const { insched } = JSON.parse(readFileSync(join(folder, 'site.json'), 'utf8')) as { insched: string }
  const opened = await openInSched(insched, { clock })
  try {
    return (await opened.patients([1]))[0]?.birth_date ?? undefined
  } finally {
    await opened.close()
  }
}

function greeting({ portal, consoles, mails, texts, cards, invitation, born }: { portal: string; consoles: readonly { name: string; url: string; setup?: string }[]; mails: string; texts: string; cards: string; invitation: string; born: string }): string {
  return `
PatientConnection is ready.

  Patient portal        ${portal}
${consoles.map(({ name, url, setup }) => `  Console ${name.padEnd(13)} ${setup ?? url}`).join('\n')}

  Mail sandbox          ${mails}
  Text sandbox          ${texts}
  Card sandbox          ${cards}

  A patient's invitation (date of birth: ${born})
  ${invitation}

Try this:
  1. Open the invitation, sign in with the date of birth, read the message and answer it.
  2. Press Confirm. A moment later the page says "Confirmed in the office's schedule on ...".
  3. Open the console of Mesa, make the first user, and see it all under Recent Communications. It asks
     for an authenticator app (any will do), since staff sign in with a second factor.
  4. Type p and Enter here: the portal stops. Send a message from the console; type p again, and it arrives.
  5. Move an event with the sqlite3 client in demo-data/insched-mesa.db; the portal shows the new time.
  6. Open the text sandbox: a phone was asked to confirm. Answer C there; the event in Mesa's console says so, and
     InSched has Last Confirmed Date and type Text. Answer STOP, and nothing more comes.
  7. Under Sign-in confirm an email (any address): the code is in the mail sandbox. Sign out, and sign in by a code.
  8. Under Pay pay something. A moment later the page says "Posted by the office", and the deposit is in InSched. The
     card sandbox refunds, disputes, and loses its notices if you tell it to.
  9. Both sites share patients, plans and events. Find a patient of Scottsdale in demo-data/insched-mesa.db (pc_shared says
     whose a row is), change the phone there with sqlite3, and it is in demo-data/insched-scottsdale.db; Mesa's console
     has the patient under Other sites. Stop the portal (p), change two fields at the two sites, start it: both stand.

Ctrl-C ends everything. Your data stays in demo-data.`
} // prettier-ignore

interface Started { readonly child: ChildProcess; readonly url: string; readonly setup?: string } // prettier-ignore

/** Starts a process that runs on, and waits for its first line. */
async function start(context: CommandContext, args: readonly string[]): Promise<Started> {
  const child = context.spawn(args)
  const errors: string[] = []
  child.stderr!.on('data', (data: Buffer) => errors.push(data.toString()))
  for await (const line of createInterface({ input: child.stdout! }))
    return { child, ...(JSON.parse(line) as { url: string; setup?: string }) }
  throw new Error(errors.join('').trim() || `${args[0]} ended before it was ready.`)
}

/** Runs a command to its end; its JSON, or its sentence thrown. */
async function once(context: CommandContext, args: readonly string[]): Promise<unknown> {
  const child = context.spawn([...args, '--json'])
  let out = ''
  let errors = ''
  child.stdout!.on('data', (data: Buffer) => void (out += data.toString()))
  child.stderr!.on('data', (data: Buffer) => void (errors += data.toString()))
  const code = await new Promise<number | null>((done) => child.on('close', done))
  if (code !== 0) throw new Error(errors.trim())
  return JSON.parse(out)
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise<void>((done) => void child.once('exit', () => done()))
  child.kill('SIGTERM')
  await gone
}
