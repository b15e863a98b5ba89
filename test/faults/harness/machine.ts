/**
 * One process of a practice that is killed and started again on the same folder and port, as a service manager would.
 * A process that ends without having been killed is a fault, with what it said.
 */
import type { Launched, Running } from '../../cli/office.ts'

export class Machine {
  readonly name: string
  readonly #launch: () => Launched
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

  constructor(name: string, launch: () => Launched, launched: Launched = launch()) {
    this.name = name
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
  /** Starts it; `up` says when it is ready. */
  start(): void {
    this.#said += this.#launched.output()
    this.#launched = this.#launch()
    this.#watch()
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
      this.start()
    })
  }
}
