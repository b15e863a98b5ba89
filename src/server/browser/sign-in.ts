/**
 * What runs in the browser on pages that have to do with signing in: passkeys, and the warning before a session ends. All
 * of it is extra: without scripts the pages offer the other ways to sign in, and say when they end.
 */
/// <reference lib="dom" />
/// <reference lib="dom.iterable" />

/** Sent as its own text: it uses nothing from outside of itself. */
export function inBrowser(): void {
  /** A form with `data-passkey`: its button asks the server for a challenge, the device for an answer, and sends it. */
  for (const form of document.querySelectorAll<HTMLFormElement>('form[data-passkey]')) {
    if (typeof PublicKeyCredential !== 'function' || !('parseRequestOptionsFromJSON' in PublicKeyCredential)) continue
    form.hidden = false
    form.addEventListener('submit', (event) => {
      if (form.dataset['ready'] === 'yes') return
      event.preventDefault()
      answer(form).then(
        (credential) => {
          const field = form.elements.namedItem('credential') as HTMLInputElement
          field.value = JSON.stringify(credential)
          form.dataset['ready'] = 'yes'
          form.requestSubmit()
        },
        () => {
          // Refused, timed out or no passkey here: said in the page's words, and the other ways stay.
          const said = form.querySelector<HTMLElement>('[data-fault]')
          if (said) said.hidden = false
        },
      )
    })
  }

  async function answer(form: HTMLFormElement): Promise<unknown> {
    const asked = await fetch(form.dataset['passkey']!, { method: 'POST', body: new URLSearchParams(new FormData(form) as unknown as URLSearchParams) }) // prettier-ignore
    if (!asked.ok) throw new Error(String(asked.status))
    const options = (await asked.json()) as never
    const credential =
      form.dataset['make'] === 'yes'
        ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
        : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) })
    return (credential as PublicKeyCredential).toJSON()
  }

  /** `data-ends-in` on an element: seconds until the session ends; the server is asked again, since other pages keep it alive. */
  const ending = document.querySelector<HTMLElement>('[data-ends-in]')
  if (ending) {
    const warnBefore = Number(ending.dataset['warnBefore'])
    let timer = 0
    const look = (left: number): void => {
      clearTimeout(timer)
      if (left <= 0) return location.assign('/sign-in')
      ending.hidden = left > warnBefore
      const next = left > warnBefore ? left - warnBefore : Math.min(left, 15)
      timer = window.setTimeout(() => void ask('GET'), next * 1_000)
    }
    const ask = async (method: 'GET' | 'POST'): Promise<void> => {
      try {
        const answered = await fetch('/session', { method })
        look(((await answered.json()) as { left: number }).left)
      } catch {
        // No network: the server ends the session all the same; asked again soon.
        timer = window.setTimeout(() => void ask('GET'), 10_000)
      }
    }
    ending.querySelector('button')?.addEventListener('click', (event) => {
      event.preventDefault()
      void ask('POST')
    })
    look(Number(ending.dataset['endsIn']))
  }
}
