/** From argv and the environment to a command: the only reader of both. Exit codes: 0 done, 1 a sentence says why not, 2 wrong usage. */
import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { fileURLToPath } from 'node:url'
import { Usage, type Command } from './commands/command.ts'
import { demo } from './commands/demo.ts'
import * as operator from './commands/portal-commands.ts'
import * as site from './commands/site-commands.ts'
import * as hl7 from './commands/hl7-commands.ts'
import * as mirror from './commands/mirror-commands.ts'
import * as timing from './commands/timing-commands.ts'
import * as xml from './commands/xml-commands.ts'
import { systemClock } from './replica/clock.ts'
import { masterKeyFromText, readMasterKey } from './replica/sealing.ts'

const commands: Readonly<Record<string, Command>> = {
  demo,
  portal: operator.portal,
  'portal status': operator.portalStatus,
  'portal release': operator.portalRelease,
  'portal mirror': operator.portalMirror,
  'portal narrow': operator.portalNarrow,
  'operator link': operator.operatorLink,
  'payments reconcile': operator.paymentsReconcile,
  'practice add': operator.practiceAdd,
  'site add': operator.siteAdd,
  'site retire': operator.siteRetire,
  'device revoke': operator.deviceRevoke,
  'insched create': site.inschedCreate,
  'insched check': site.inschedCheck,
  enroll: site.enroll,
  site: site.site,
  upload: site.upload,
  download: site.download,
  invite: site.invite,
  access: site.access,
  'access grant': site.accessGrant,
  'access end': site.accessEnd,
  staff: site.staff,
  'staff add': site.staffAdd,
  'staff reset': site.staffReset,
  message: site.message,
  recent: site.recent,
  confirmations: site.confirmations,
  'patient erase': site.patientErase,
  'reviews resolve': site.reviewsResolve,
  'reviews accept': site.reviewsAccept,
  'reviews refuse': site.reviewsRefuse,
  'thread close': site.threadClose,
  'pages get': site.pagesGet,
  'pages set': site.pagesSet,
  'texts get': site.textsGet,
  'texts set': site.textsSet,
  'texts dry-run': site.textsDryRun,
  'texts history': site.textsHistory,
  'texts why': site.textsWhy,
  reviews: site.reviews,
  verify: site.verify,
  status: site.status,
  'sync now': timing.syncNow,
  'preferences get': timing.preferencesGet,
  'preferences set': timing.preferencesSet,
  'mirror show': mirror.mirrorShow,
  'mirror set': mirror.mirrorSet,
  'mirror share': mirror.mirrorShare,
  'mirror preview': mirror.mirrorPreview,
  'insched restored': timing.inschedRestored,
  'backup begin': timing.backupBegin,
  'backup end': timing.backupEnd,
  'backup status': timing.backupStatus,
  'connection test': timing.connectionTest,
  'hl7 channel add': hl7.hl7ChannelAdd,
  'hl7 channel list': hl7.hl7ChannelList,
  'hl7 channel pause': hl7.hl7ChannelPause,
  'hl7 channel resume': hl7.hl7ChannelResume,
  'hl7 channel remove': hl7.hl7ChannelRemove,
  'hl7 verbose': hl7.hl7Verbose,
  'hl7 queue': hl7.hl7Queue,
  'hl7 show': hl7.hl7Show,
  'hl7 send': hl7.hl7Send,
  'hl7 replay': hl7.hl7Replay,
  'hl7 link': hl7.hl7Link,
  'station add': xml.stationAdd,
  'station token': xml.stationToken,
  'xml import': xml.xmlImport,
  'xml export': xml.xmlExport,
}

function help(): string {
  const lines = Object.values(commands).map((command) => `  ${command.usage}\n      ${command.about}`)
  return `patientconnection <command> [--json]\n\n${lines.join('\n')}\n`
}

async function main(argv: readonly string[]): Promise<number> {
  const name = [3, 2, 1].map((words) => argv.slice(0, words).join(' ')).find((candidate) => candidate in commands)
  if (name === undefined || argv.includes('--help')) {
    const asked = argv.length === 0 || argv.includes('--help')
    const out = asked ? process.stdout : process.stderr
    out.write(name ? `patientconnection ${commands[name]!.usage}\n  ${commands[name]!.about}\n` : help())
    return asked ? 0 : 2
  }
  const command = commands[name]!
  const json = argv.includes('--json')
  try {
    const { values, positionals } = parse(command, argv.slice(name.split(' ').length))
    await command.run(
      { values, positionals },
      {
        clock: systemClock,
        machine: {
          proxy: process.env['HTTPS_PROXY'] ?? process.env['https_proxy'],
          bypass: process.env['NO_PROXY'] ?? process.env['no_proxy'],
        },
        json,
        smtp: process.env['PATIENTCONNECTION_SMTP'] || undefined,
        texts: process.env['PATIENTCONNECTION_TEXTS'] || undefined,
        payments: process.env['PATIENTCONNECTION_PAYMENTS'] || undefined,
        master: (dir) => {
          const text = process.env['PATIENTCONNECTION_KEY']
          return text
            ? masterKeyFromText(text)
            : readMasterKey(process.env['PATIENTCONNECTION_KEY_FILE'] ?? `${resolve(dir)}.key`)
        },
        print: (result, text) => void process.stdout.write(json ? `${JSON.stringify(result)}\n` : `${text}\n`),
        say: (line) => void process.stderr.write(`${line}\n`),
        ended: ending(),
        spawn: (args) =>
          spawn(process.execPath, [fileURLToPath(import.meta.url), ...args], { stdio: ['ignore', 'pipe', 'pipe'] }),
      },
    )
    return 0
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`)
    if (!(error instanceof Usage)) return 1
    process.stderr.write(`Usage: patientconnection ${command.usage}\n`)
    return 2
  }
}

function parse(command: Command, args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: { ...command.options, json: { type: 'boolean' } },
      allowPositionals: true,
    })
  } catch (error) {
    throw new Usage((error as Error).message, { cause: error })
  }
}

/** Resolves at the first signal; a second one ends at once. */
function ending(): Promise<void> {
  return new Promise((end) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        end()
        process.once(signal, () => process.exit(1))
      })
    }
  })
}

process.exit(await main(process.argv.slice(2)))
