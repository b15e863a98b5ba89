/** Spanish: the operator's page of a portal. */
import type { operator as english } from '../en/operator.ts'
import { counting } from '../plural.ts'

const count = counting('es')

export const operator: typeof english = {
  portal: 'Portal PatientConnection',
  title: 'Operación',
  enter: 'Entrar',
  enterHow: 'Este enlace le da entrada como responsable de este portal. Sirve una sola vez.',
  over: {
    title: 'Este enlace ya no sirve',
    cause: 'Ya se usó, o pasaron sus 15 minutos.',
    next: 'Haga otro en el equipo del portal con: patientconnection operator link',
  },
  signedOut: {
    title: 'Operación',
    cause: 'No ha entrado.',
    next: 'Haga un enlace en el equipo del portal con: patientconnection operator link',
  },
  none: 'Todavía no hay consultorios.',
  noneNext: 'Añada el primero abajo.',
  noAlarm: 'Sin alarmas: de cada sitio se supo cuando debía.',
  alarm: (site, practice) => `${site} de ${practice} no da señales.`,
  silentSince: (when) => `Se supo de él por última vez el ${when}.`,
  neverHeard: 'Nunca se supo de él.',
  notBack: (site, practice) =>
    `La base de datos de InSched de ${site} de ${practice} no ha vuelto de su copia de seguridad.`,
  notBackSince: (when) => `Desde el ${when}.`,
  waiting: (n) => `Lo esperan respuestas de ${count(n, { one: 'paciente', other: 'pacientes' })}.`,
  outwardWaits: (n) =>
    `Nada sale hacia los pacientes hasta saber de ${count(n, { one: 'sitio', other: 'sitios' })} desde el arranque.`,
  release: 'Dejar salir ahora',
  noSites: 'Todavía no hay sitios.',
  addSite: 'Añadir un sitio',
  siteName: 'Nombre del sitio',
  addSiteButton: 'Añadir el sitio y crear su código',
  siteNeeds: 'Un sitio necesita un nombre y un consultorio que esté aquí.',
  code: (site) => `El código de inscripción de ${site}, válido una vez en 24 horas. No se muestra de nuevo.`,
  addPractice: 'Añadir un consultorio',
  practiceName: 'Nombre del consultorio',
  zone: 'Zona horaria',
  zoneHint: 'Como America/Phoenix',
  addPracticeButton: 'Añadir el consultorio',
  practiceNeeds: 'Un consultorio necesita un nombre y una zona horaria.',
  lastContact: 'Último contacto',
  patientsWaiting: 'Pacientes cuyas respuestas esperan',
  clock: 'Su reloj se desvía',
  seconds: (n) => `${n} seg`,
  device: 'Equipo',
  noDevice: 'Todavía sin inscribir.',
  codeUntil: (when) => `Su código vale hasta el ${when}.`,
  codeOver: 'Su código ya no vale: añada el sitio de nuevo.',
  revokedAt: (when) => `Revocado el ${when}`,
  siteId: 'Identificador',
  states: {
    'Down, never connected': 'Sin conexión, nunca conectado',
    'Never enrolled': 'Nunca inscrito',
    Revoked: 'Revocado',
    Retired: 'Retirado',
  },
  doIt: { revoke: 'Revocar el equipo', retire: 'Retirar el sitio' },
  ask: {
    revoke: (site) =>
      `¿Rechazar desde ahora el equipo de ${site}? No se puede deshacer: hay que añadir el sitio de nuevo.`,
    retire: (site) =>
      `¿Terminar ${site}? Se rechaza su equipo y a los pacientes ya no se les muestran sus datos. Para pasarlos a otro sitio, use el comando: patientconnection site retire --to`,
  },
  no: 'No, volver',
  mirror: 'Qué refleja',
  mirrorOf: (site) => `Qué refleja ${site}`,
  mirrorHow:
    'El sitio decide qué sale del consultorio. Este portal solo puede estrecharlo: donde los dos dicen algo, vale lo más estrecho.',
  narrow: 'Estrechar',
  narrowOf: (what, site) => `${what} de ${site}`,
  siteSays: 'El sitio',
  portalSays: 'Este portal',
  asTheSite: 'Como dice el sitio',
  asTheSiteHint: 'Vacío: como dice el sitio.',
  back: 'Volver a la página de operación',
}
