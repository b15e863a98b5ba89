/** How a patient is reached, as staff choose it, in Spanish. */
import type { Words } from '../en.ts'

export const reached: Words['reached'] = {
  title: 'Cómo se avisa a un paciente',
  button: (name) => `Cómo se avisa a ${name}`,
  of: (patient) => `Paciente n.º ${patient}`,
  open: 'Se puede usar',
  how: 'Lo que dicen las reglas va por una vía: la que aquí va primero si se puede usar, si no la otra. Lo que aquí se niega vale además de lo que InSched tiene del consentimiento.',
  choice: 'Lo elegido',
  prefers: 'Qué va primero',
  ways: {
    any: 'Sin preferencia: como lo tiene la consulta',
    text: 'Un mensaje de texto, si no un correo',
    email: 'Un correo, si no un mensaje de texto',
  },
  never: 'Lo que no se envía',
  noText: 'Ningún mensaje de texto por reglas',
  noEmail: 'Ningún correo',
  noneByItself: 'Nada por sí solo: solo lo que el personal envía a mano',
  save: 'Guardar',
  saved: 'Guardado. Vale para todo lo que salga desde ahora.',
  same: 'Nada era distinto, así que no se cambió nada.',
  incomplete: 'Elija qué va primero.',
  agent: 'este sitio',
  chosen: (who, when) => `Elegido por última vez por ${who}, ${when}.`,
}
