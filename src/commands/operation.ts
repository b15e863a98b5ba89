/** A command that is one operation of a site: it asks the running site over loopback, or opens the folder where none runs. */
import { join } from 'node:path'
import { callControl } from '../server/control.ts'
import { need, type Command, type CommandContext, type Given } from './command.ts'

const string = { type: 'string' } as const
export type Result = Record<string, unknown>

export const waitOption = { wait: { type: 'boolean' } } as const
export const waitOf = (given: Given): { wait: boolean } => ({ wait: given.values['wait'] === true })

async function operate(
  name: string,
  input: Readonly<Record<string, unknown>>,
  given: Given,
  context: CommandContext,
): Promise<Result> {
  const dir = need(given, 'data')
  const running = await callControl(dir, name, input)
  if (running !== undefined) return running as Result
  // Loading all of a site takes longer than asking one that runs.
  const [{ openSite }, { siteOperations }, { staffOperations }, { openStaffStore }] = await Promise.all([
    import('../site.ts'),
    import('../server/console/site-operations.ts'),
    import('../server/console/staff-operations.ts'),
    import('../server/console/staff-store-sqlite.ts'),
  ])
  const { clock, say } = context
  const master = context.master(dir)
  const site = await openSite({ dir, master, clock, machine: context.machine })
  try {
    const staff = openStaffStore(join(dir, 'staff.sqlite'), master, clock)
    try {
      const operations = { ...siteOperations(site, staff.audit, say), ...staffOperations(staff, clock) }
      return (await operations[name]!(input)) as Result
    } finally {
      staff.close()
    }
  } finally {
    await site.close()
  }
}

/** A command that is one operation of the site. */
export function operation(
  name: string,
  about: string,
  usage: string,
  options: Command['options'],
  input: (given: Given) => Record<string, unknown>,
  say: (result: Result) => string = words,
): Command {
  return {
    usage: `${usage} --data DIR`,
    about,
    options: { data: string, ...options },
    async run(given, context) {
      const result = await operate(name, input(given), given, context)
      context.print(result, say(result))
    },
  }
}

function words(result: Result): string {
  const items = result['items']
  if (Array.isArray(items)) {
    const lines = items.map((item) => line(item as Result))
    if (result['cut'] === true)
      lines.push(`The newest ${items.length}; there are more. Ask for less with --patient or --since.`)
    return lines.length === 0 ? 'Nothing.' : lines.join('\n')
  }
  return line(result)
}
function line(result: Result): string {
  return Object.entries(result)
    .filter(([, value]) => value !== null)
    .map(([key, value]) => `${key}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join('  ')
}
