/** Forms: fields whose label, hint and fault are tied to them (WCAG 1.3.1, 3.3.1), buttons, and forms of one button. */
import { html } from 'hono/html'
import { icon } from './icon.ts'
import { attributes, nothing, type Attributes, type Content, type Html } from './html.ts'

export interface Field {
  readonly name: string
  readonly label: string
  /** Its name by default; another where a page has the same form twice. */
  readonly id?: string
  readonly hint?: string
  /** What is wrong with what was written, in words. */
  readonly fault?: Content | undefined
  readonly value?: string | undefined
  /** `(optional)` in the reader's language, for a field that may stay empty; every other one is required. */
  readonly optional?: string
  readonly more?: Attributes
}
const idOf = ({ id, name }: Field): string => id ?? name

function framed(field: Field, input: Html): Html {
  const { label, hint, fault, optional } = field
  const id = idOf(field)
  return html`<div class="field">
    <label for="${id}">${label}${optional ? html` <span class="may">(${optional})</span>` : nothing}</label>
    ${hint ? html`<p class="hint" id="${id}-hint">${hint}</p>` : nothing}
    ${fault ? html`<p class="fault" id="${id}-fault">${icon('bad')} ${fault}</p>` : nothing} ${input}
  </div>`
}

function tied(field: Field): readonly Html[] {
  const id = idOf(field)
  const described = [field.fault ? `${id}-fault` : '', field.hint ? `${id}-hint` : ''].filter(Boolean).join(' ')
  return attributes({
    id,
    name: field.name,
    required: field.optional === undefined,
    'aria-describedby': described || undefined,
    'aria-invalid': field.fault ? 'true' : undefined,
    ...field.more,
  })
}

/** One line; `more` holds its type, autocomplete and limits. */
export function field(given: Field): Html {
  return framed(given, html`<input ${tied(given)} ${attributes({ value: given.value })} />`)
}

/** Several lines. */
export function area(given: Field): Html {
  return framed(given, html`<textarea ${tied(given)}>${given.value ?? ''}</textarea>`) // prettier-ignore
}

/** One of several, folded. */
export function select(given: Field, options: readonly { readonly value: string; readonly label: string }[]): Html {
  const some = options.map(({ value, label }) => html`<option ${attributes({ value, selected: value === given.value })}>${label}</option>`) // prettier-ignore
  return framed(given, html`<select ${tied(given)}>${some}</select>`) // prettier-ignore
}

/** One of a few, all seen. */
export function choices(
  { name, label, value, fault, id = name }: Field,
  options: readonly { readonly value: string; readonly label: string }[],
): Html {
  return html`<fieldset ${fault ? html`aria-describedby="${id}-fault"` : nothing}>
    <legend>${label}</legend>
    ${fault ? html`<p class="fault" id="${id}-fault">${icon('bad')} ${fault}</p>` : nothing}
    ${options.map(
      (one) =>
        html`<label class="choice"
          ><input
            ${attributes({ type: 'radio', name, value: one.value, required: true, checked: one.value === value })}
          />${one.label}</label
        >`,
    )}
  </fieldset>`
}

/** Any of several, all seen; each is a field of its own, named `<name> <value>`, that is `yes` where it is chosen. */
export function checks(
  { name, label, hint, fault, id = name }: Field,
  options: readonly { readonly value: string; readonly label: Content; readonly checked: boolean; readonly locked?: boolean }[],
): Html {
  const described = [fault ? `${id}-fault` : '', hint ? `${id}-hint` : ''].filter(Boolean).join(' ')
  return html`<fieldset ${attributes({ 'aria-describedby': described || undefined })}>
    <legend>${label}</legend>
    ${hint ? html`<p class="hint" id="${id}-hint">${hint}</p>` : nothing}
    ${fault ? html`<p class="fault" id="${id}-fault">${icon('bad')} ${fault}</p>` : nothing}
    <div class="checks">
      ${options.map(
        ({ value, label: text, checked, locked = false }) =>
          html`<label class="choice"
            ><input
              ${attributes({ type: 'checkbox', name: `${name} ${value}`, value: 'yes', checked, disabled: locked })}
            /><span>${text}</span></label
          >`,
      )}
    </div>
  </fieldset>`
} // prettier-ignore

export type Hidden = Readonly<Record<string, string>>

/** A form with what it needs hidden in it; `id` for one whose fields stand elsewhere on the page. */
export function form(action: string, hidden: Hidden, inside: Content, kind = '', id?: string): Html {
  return html`<form method="post" action="${action}" ${attributes({ class: kind || undefined, id })}>
    ${Object.entries(hidden).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`)}
    ${inside}
  </form>`
}

/** What a form does when it is sent: `main` for the one that a page is for, `danger` for one that takes something away. */
export function button(label: Content, kind: '' | 'main' | 'danger' | 'plain' = '', more: Attributes = {}): Html {
  return html`<button ${attributes({ class: kind || undefined, ...more })}>${label}</button>`
}

/** A form of one button. */
export function oneButton(
  action: string,
  label: string,
  hidden: Hidden,
  kind: '' | 'main' | 'danger' | 'plain' = '',
): Html {
  return form(action, hidden, button(label, kind), 'wide')
}

/** A question before something that is hard to take back: a page of its own rather than a dialog, so that it needs no script. */
export function question(what: { ask: Content; action: string; hidden: Hidden; yes: string; no: string; back: string; danger?: boolean }): Html {
  return html`<section class="card stack">
    <p>${what.ask}</p>
    <div class="row">
      ${oneButton(what.action, what.yes, what.hidden, what.danger ? 'danger' : 'main')}
      <a class="button" href="${what.back}">${what.no}</a>
    </div>
  </section>`
} // prettier-ignore
