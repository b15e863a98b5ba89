/** Spanish: the pages of a site's console. */
import type { console as english } from '../en/console.ts'
import { counting } from '../plural.ts'

const count = counting('es')

export const console: typeof english = {
  menu: {
    status: 'Estado',
    send: 'Send Secure Portal Message',
    recent: 'Recent Communications',
    reviews: 'Revisiones',
  },
  said: { sent: 'Guardado aquí. Llega al portal por sí solo.', resolved: 'La revisión está resuelta.' },
  status: {
    downSince: (when) => `Sin conexión desde ${when}`,
    lastContact: 'Último contacto con el portal',
    noContact: 'ninguno todavía',
    waiting: 'Esperan al portal',
    reviews: 'Revisiones',
    upload: 'Upload Records',
    download: 'Download Online Communications',
    uploaded: (n, seconds) =>
      `El portal tiene todo: ${count(n.patients, { one: 'paciente', other: 'pacientes' })}, ${count(n.plans, { one: 'plan', other: 'planes' })}, ${count(n.stages, { one: 'etapa', other: 'etapas' })}, ${count(n.events, { one: 'evento', other: 'eventos' })}; tardó ${seconds} s.`,
    downloaded: (messages, confirmations) =>
      `InSched tiene todo: ${count(messages, { one: 'mensaje nuevo', other: 'mensajes nuevos' })}, ${count(confirmations, { one: 'confirmación nueva', other: 'confirmaciones nuevas' })}.`,
    failedNext: 'No se perdió nada. Inténtelo de nuevo en un momento; el estado dice cómo está.',
  },
  recent: {
    none: 'Todavía nada.',
    noneNext: 'Los mensajes, las confirmaciones y las peticiones aparecen aquí.',
    cut: (n) =>
      `Se muestran las ${n} más recientes; hay otras anteriores. El comando "recent" con --patient muestra las de un paciente.`,
    columns: { when: 'Cuándo', direction: 'Dirección', patient: 'Paciente', subject: 'Asunto', state: 'Estado' },
  },
  reviews: {
    none: 'Nada le espera.',
    noneNext: 'Lo que el portal no pudo aplicar por sí solo aparece aquí.',
    patient: (number) => `paciente n.º ${number}`,
    waits: (n, since) =>
      `${count(n, { one: 'cambio espera', other: 'cambios esperan' })}, el más antiguo desde ${since}.`,
    todo: 'Qué hacer:',
    note: 'Lo que usted hizo',
    resolve: 'Resolver',
    noteNeeded: 'Escriba lo que hizo al respecto.',
    backToReviews: 'Regrese a las revisiones.',
  },
  send: {
    find: 'Buscar un paciente por nombre',
    findButton: 'Buscar',
    nobody: 'Nadie con este nombre.',
    nobodyNext: 'Pruebe con una parte del apellido.',
    born: (date) => `fecha de nacimiento ${date}`,
    unknown: 'desconocida',
    number: (number) => `n.º ${number}`,
    write: (name) => `Escribir a ${name}`,
    invite: (name) => `Invitar a ${name}`,
    inviteByMail: (name) => `Enviar a ${name} una invitación por correo`,
    noAccess: 'sin acceso al portal',
    to: (number) => `Para el paciente n.º ${number}`,
    about: (number) => `Sobre el evento n.º ${number}`,
    subject: 'Asunto',
    message: 'Mensaje',
    send: 'Enviar mensaje',
    incomplete: 'Un mensaje necesita un paciente, un asunto de 200 caracteres como máximo y un texto.',
    incompleteNext: 'Regrese: lo que escribió sigue ahí.',
    failedNext: 'No se envió nada. Regrese: lo que escribió sigue ahí.',
    busyNext: 'Inténtelo de nuevo en un momento.',
    invitation: 'Invitación',
    invitationFor: (number) => `Para el paciente n.º ${number}`,
    invitationHow: (until) =>
      `Dé este enlace solo al paciente. Sirve una vez, hasta ${until}, con la fecha de nacimiento. Uno anterior ya no vale.`,
    invitationMailed:
      'El portal envía la invitación por correo. El enlace sirve una vez, en 72 horas, con la fecha de nacimiento. La anterior termina.',
    invitationFailedNext: 'No se hizo ninguna invitación.',
  },
}
