/** Spanish: what stands around every page. */
import type { frame as english } from '../en/frame.ts'

export const frame: typeof english = {
  portal: 'Portal del paciente',
  skip: 'Ir al contenido',
  mainMenu: 'Principal',
  callOffice: 'Llamar al consultorio',
  youAreOffline: 'Usted está sin conexión. Esta página puede no estar al día; se pone al día sola.',
  signOut: 'Cerrar sesión',
  viewing: 'Viendo a',
  show: 'Mostrar',
  readIn: 'Idioma',
  appearance: 'Apariencia',
  themes: { auto: 'Automática', light: 'Clara', dark: 'Oscura' },
  emergency: 'No es para emergencias. En una emergencia llame al 911.',
  home: 'Inicio',
  optional: 'opcional',
  lookAgain: 'Volver a mirar',
  kinds: { info: 'Nota', good: 'Hecho', warn: 'Atención', bad: 'Problema' },
}
