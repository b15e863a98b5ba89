/**
 * One process of a practice that is killed and started again on the same folder and port, as a service manager would.
 * A process that ends without having been killed is a fault, with what it said.
 */
import { cpSync, rmSync } from 'node:fs'
import type { Launched, Running } from '../../cli/office.ts'

/** Starts a process with a limit that any file of a replica has reached already. */
export const noRoom = ['--disk-limit', '0.001'] as const

export class Machine {
  readonly name: string
  readonly dir: string
  readonly #launch: (...options: string[]) => Launched
  #options: readonly string[] = []
  #launched: Launched
  #killed = new WeakSet<Launched>()
  #up = Promise.withResolvers<Running>()
  #isUp = false
  #said = ''
  /** How often it was killed, and of these before it was ready. */
  kills = 0
  killsWhileStarting = 0
  /** Each time that it ended by itself. */
  readonly crashes: string[] = []
  /** How often its folder was put back to a copy. */
  lives = 0
  /** Commands that have its folder open, or may have. */
  readonly #commands = new Set<Promise<unknown>>()
  #swapping: Promise<void> | undefined

  constructor(name: string, dir: string, launch: (...options: string[]) => Launched, launched: Launched = launch()) {
    this.name = name
    this.dir = dir
    this.#launch = launch
    this.#launched = launched
    this.#watch()
  }

  /** Resolves when it is ready, now or after it was started again. */
  up(): Promise<Running> {
    return this.#up.promise
  }
  /** All that its processes have printed. */
  said(): string {
    return this.#said + this.#launched.output()
  }
  /** Kills it with signal 9, also where it is still starting; resolves when it is gone. */
  async kill9(): Promise<void> {
    this.#killed.add(this.#launched)
    this.kills++
    this.#down()
    await this.#launched.kill('SIGKILL')
  }
  /** Starts it, with these options more; `up` says when it is ready. */
  start(...options: readonly string[]): void {
    this.#options = options
    this.#said += this.#launched.output()
    this.#launched = this.#launch(...options)
    this.#watch()
  }
  /** Whether it was started without any room on its disk. */
  get isFull(): boolean {
    return this.#options.includes(noRoom[0])
  }
  /** Runs a command that may open the folder itself; never while the folder is copied or replaced. */
  async command<T>(run: () => Promise<T>): Promise<T> {
    while (this.#swapping) await this.#swapping
    const running = run()
    this.#commands.add(running)
    return running.finally(() => this.#commands.delete(running))
  }
  /** With the process killed and no command at work: copies its folder, with its key, to `to`, then starts it again. */
  async copyTo(to: string): Promise<void> {
    await this.#swap(async () => copyFolder(this.dir, to))
  }
  /** The same the other way: puts the folder back to the copy. `between` runs when all is down and nothing is replaced yet. */
  async putBack(from: string, between: () => Promise<void>): Promise<void> {
    await this.#swap(async () => {
      this.lives++
      await between()
      copyFolder(from, this.dir)
    })
  }
  async #swap(run: () => Promise<void>): Promise<void> {
    const swap = (async () => {
      // What was begun before opens the folder as soon as the process is gone: it ends first.
      await Promise.allSettled(this.#commands)
      await this.kill9()
      await run()
    })()
    this.#swapping = swap
    await swap
    this.#swapping = undefined
    this.start()
  }
  /** Ends it in order. */
  async stop(): Promise<void> {
    this.#killed.add(this.#launched)
    await this.#launched.kill('SIGTERM')
  }

  #down(): void {
    // Who waits for a process that was killed while it started waits for the next one.
    if (this.#isUp) this.#up = Promise.withResolvers()
    this.#isUp = false
  }
  #watch(): void {
    const launched = this.#launched
    let ready = false
    launched.ready.then(
      (running) => {
        ready = true
        if (this.#killed.has(launched)) return
        this.#isUp = true
        this.#up.resolve(running)
      },
      () => {},
    )
    void launched.ended.then(({ code, signal, said }) => {
      if (this.#killed.has(launched)) {
        if (signal === 'SIGKILL' && !ready) this.killsWhileStarting++
        return
      }
      this.#down()
      // A command that ran while it was down may hold the folder a moment longer: who starts it tries again.
      if (!/in use by another process/.test(said))
        this.crashes.push(`${this.name} ended by itself with ${signal ?? code}: ${said.slice(-2_000)}`)
      this.start(...this.#options)
    })
  }
}

/** A folder and the master key beside it, to a place that then holds nothing else. */
function copyFolder(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true })
  cpSync(from, to, { recursive: true })
  cpSync(`${from}.key`, `${to}.key`)
}
