/**
 * Processes of a measurement: a module of its own answers calls by name, over the channel that `fork` gives. What it
 * throws comes back as an error; one that ends unasked fails the calls that wait. `answer` is the child's end.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { Session } from 'node:inspector'
import { join } from 'node:path'

type Handlers = Readonly<Record<string, (...input: never[]) => unknown>>
interface Call {
  readonly number: number
  readonly name: string
  readonly input: never[]
}
type Answer = { readonly number: number } & ({ readonly value: unknown } | { readonly error: string })

export interface Child<H extends Handlers> {
  call<N extends keyof H & string>(name: N, ...input: Parameters<H[N]>): Promise<Awaited<ReturnType<H[N]>>>
  /** Ends the process; resolves when it is gone. */
  end(): Promise<void>
}

export interface Processes {
  /** Starts `module` (a file beside this one); `label` names its profile. */
  start<H extends Handlers>(module: string, label: string): Child<H>
  /** Ends what a failed measurement left behind. */
  endAll(): Promise<void>
}

/** Where children start; with `profile` each writes a CPU profile into that folder when it ends. */
export function processes(options: { readonly profile?: string | undefined } = {}): Processes {
  const children = new Set<{ end(): Promise<void> }>()
  let started = 0
  return {
    start(module, label) {
      const name = `${String(++started).padStart(3, '0')}-${label}.cpuprofile`
      const profile = options.profile === undefined ? [] : [join(options.profile, name)]
      const child = startChild(module, profile, () => children.delete(child))
      children.add(child)
      return child as ReturnType<Processes['start']> as never
    },
    async endAll() {
      await Promise.all([...children].map((child) => child.end()))
    },
  }
}

function startChild(module: string, args: string[], gone: () => void): Child<Handlers> {
  const child = fork(join(import.meta.dirname, module), args, {
    execArgv: ['--expose-gc'],
    serialization: 'advanced',
    // What others print of themselves is no result; what they complain of is worth seeing.
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const waiting = new Map<number, PromiseWithResolvers<unknown>>()
  let calls = 0
  child.on('message', (answer: Answer) => {
    const call = waiting.get(answer.number)!
    waiting.delete(answer.number)
    if ('error' in answer) call.reject(new Error(`${module}: ${answer.error}`))
    else call.resolve(answer.value)
  })
  child.on('exit', (code) => {
    for (const call of waiting.values()) call.reject(new Error(`${module} ended with ${code} during a measurement`))
    gone()
  })
  return {
    call(name, ...input) {
      const call = Promise.withResolvers<unknown>()
      waiting.set(++calls, call)
      child.send({ number: calls, name, input } satisfies Call)
      return call.promise as never
    },
    async end() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const exit = once(child, 'exit')
      child.disconnect()
      // One that never comes to its event loop does not hear that.
      const patience = setTimeout(() => child.kill('SIGKILL'), 10_000)
      await exit
      clearTimeout(patience)
    },
  }
}

/** Answers the calls of the process that started this one; ends when that one says so or is gone. */
export function answer(handlers: Handlers): void {
  // From here on, not from the start of the process: what loading costs is no part of a measurement.
  const writeProfile = process.argv[2] === undefined ? (): void => {} : startProfile(process.argv[2])
  process.on('message', ({ number, name, input }: Call) => {
    const reply = (message: Answer): void => void process.send!(message)
    Promise.resolve()
      .then(() => handlers[name]!(...input))
      .then(
        (value) => reply({ number, value }),
        (error: unknown) =>
          reply({ number, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
      )
      // Only a value that cannot be sent comes here; the caller must not wait for ever.
      .catch((error: unknown) => reply({ number, error: String(error) }))
  })
  process.on('disconnect', () => {
    writeProfile()
    // Open sockets and timers must not keep it.
    process.exit(0)
  })
}

function startProfile(file: string): () => void {
  const session = new Session()
  session.connect()
  session.post('Profiler.enable')
  session.post('Profiler.start')
  return () =>
    session.post('Profiler.stop', (error, stopped) => {
      if (error) throw error
      writeFileSync(file, JSON.stringify(stopped.profile))
    })
}
