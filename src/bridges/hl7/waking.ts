/** The waits of a loop: each ends by time, by what wakes it, or by the end of the loop; what wakes it between two waits ends the next one. */
import type { Clock } from '../../replica/clock.ts'

export interface Waking {
  /** Waits so many milliseconds, or without a time until something wakes it. */
  idle(ms: number | null): Promise<void>
  /** Waits so many milliseconds, whatever wakes it meanwhile. */
  pause(ms: number): Promise<void>
  /** What woke it up to now is being dealt with: the next wait is a wait again. */
  begin(): void
  wake(): void
  /** Ends all waits, this one and those to come. */
  end(): void
  isEnded(): boolean
}

export function wakingOf(clock: Clock): Waking {
  let ended = false
  let wakened = false
  let wakeUp = (): void => {}
  let goOn = (): void => {}
  return {
    idle: (ms) =>
      new Promise((resolve) => {
        if (wakened || ended) return resolve()
        const cancel = ms === null ? () => {} : clock.after(ms, resolve)
        wakeUp = () => {
          cancel()
          resolve()
        }
      }),
    pause: (ms) =>
      new Promise((resolve) => {
        if (ended) return resolve()
        const cancel = clock.after(ms, resolve)
        goOn = () => {
          cancel()
          resolve()
        }
      }),
    begin: () => void (wakened = false),
    wake() {
      wakened = true
      wakeUp()
    },
    end() {
      ended = true
      wakeUp()
      goOn()
    },
    isEnded: () => ended,
  }
}
