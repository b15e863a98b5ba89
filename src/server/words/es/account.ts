/** El acceso propio de un paciente, en español. */
import type { Words } from '../en.ts'
import { counting } from '../plural.ts'

const count = counting('es')
const tries = (n: number) => count(n, { one: 'intento fallido', other: 'intentos fallidos' })

export const account: Words['account'] = {
  title: 'Acceso y seguridad',
  menu: 'Acceso',
  orElse: 'Otras formas de entrar',
  code: {
    offer: 'Enviarme un código',
    offerHow: '¿Olvidó su contraseña o no tiene? Escriba su correo. Si lo conocemos, recibirá un código por correo.',
    email: 'Correo electrónico o nombre de acceso',
    title: 'Escriba el código',
    sent: 'Si conocemos esta dirección, un código de 6 cifras está en camino. Sirve una vez, durante 10 minutos, en este navegador.',
    code: 'Código',
    enter: 'Entrar',
    confirm: 'Confirmar',
    another: 'Enviar otro código',
    wrong: 'Este código no es correcto o ya venció. Mire el correo más reciente o pida otro código.',
    nameNeeded: 'Escriba su correo o su nombre de acceso.',
  },
  passkey: {
    title: 'Llaves de acceso',
    signIn: 'Entrar con una llave de acceso',
    why: 'Una llave de acceso es la huella, la cara o el código que desbloquea su teléfono o computadora.',
    failed: 'No se usó ninguna llave de acceso. Inténtelo otra vez o entre de otra forma.',
    refused: 'No conocemos esta llave de acceso. Entre de otra forma.',
    add: 'Agregar una llave de este dispositivo',
    none: 'Todavía no tiene ninguna llave de acceso.',
    needsScript: 'Las llaves de acceso necesitan scripts y un navegador reciente.',
    addedOn: (day) => `agregada el ${day}`,
    usedOn: (day) => `usada por última vez el ${day}`,
    remove: 'Quitar esta llave',
  },
  again: {
    title: '¿Es usted?',
    why: 'Antes de cambiar lo que protege su cuenta, muestre una vez más que es usted.',
    go: 'Muestre que es usted para cambiar esto',
    password: 'Su contraseña',
    withPassword: 'Continuar',
    withCode: 'Enviarme un código',
    withPasskey: 'Usar una llave de acceso',
    wrong: 'No fue correcto. Inténtelo otra vez o elija otra forma.',
  },
  password: { title: 'Contraseña', set: 'Elegir una contraseña', change: 'Cambiar la contraseña' },
  email: {
    title: 'Correo para códigos y avisos',
    none: 'Todavía no ha confirmado ningún correo. Con uno puede entrar con un código y elegir otra contraseña.',
    is: (email) => `Confirmado: ${email}`,
    label: 'Su correo electrónico',
    send: 'Enviar un código para confirmarlo',
    invalid: 'Escriba una dirección de correo, como nombre@correo.example.',
    taken: 'Otra cuenta usa esta dirección. Use otra dirección o entre con aquella cuenta.',
    noMail: 'Este portal todavía no envía correos.',
  },
  sessions: {
    title: 'Dónde tiene la sesión abierta',
    this: 'Este navegador',
    unknown: 'Un navegador',
    since: (when) => `desde el ${when}`,
    seen: (when) => `usado por última vez el ${when}`,
    end: 'Cerrar esa sesión',
    endAll: 'Cerrar todas las sesiones',
  },
  tries: (n, when) => `Hubo ${tries(n)} de entrar en su cuenta, el último el ${when}. ¿No fue usted? Entonces elija otra contraseña.`, // prettier-ignore
  seenTries: 'Ya lo vi',
  ends: {
    soon: 'Su sesión se cerrará en menos de 2 minutos.',
    stay: 'Seguir conectado',
    at: (when) => `Si no hace nada más aquí, su sesión se cierra el ${when}`,
  },
  said: {
    email: 'Su correo está confirmado.',
    passkey: 'La llave de acceso está agregada.',
    removed: 'La llave de acceso está quitada.',
    ended: 'Esa sesión está cerrada.',
    everywhere: 'Las demás sesiones están cerradas.',
    access: 'El acceso está terminado.',
  },
  people: {
    title: 'Personas con acceso',
    none: 'Nadie más que usted puede ver su expediente aquí.',
    noneNext: 'Para que alguien le ayude, llame al consultorio.',
    may: 'Puede ver y hacer',
    until: 'Hasta',
    from: 'Desde',
    noEnd: 'sin fecha final',
    grantedBy: 'Dado por',
    office: 'El consultorio',
    waiting: 'todavía no ha entrado',
    end: (name) => `Terminar el acceso de ${name}`,
    actsFor: (name, patient) => `${name} por ${patient}`,
    relationships: {
      parent: 'Padre o madre',
      guardian: 'Tutor',
      spouse: 'Cónyuge o pareja',
      child: 'Hijo o hija',
      representative: 'Representante',
      other: 'Otro',
    },
    scopes: {
      appointments: 'Citas',
      messages: 'Mensajes',
      documents: 'Plan y documentos',
      pay: 'Pagos',
    },
    notYours: { title: 'Esto no se le muestra', cause: 'El acceso que le dieron no lo incluye.', next: 'Pregunte al paciente o al consultorio si lo necesita.' }, // prettier-ignore
  },
  mail: {
    codeSubject: (practice) => `Su código para ${practice}`,
    code: (practice, code) =>
      `${code} es su código para ${practice}.\n\nSirve una vez, durante 10 minutos, en el navegador donde lo pidió.\nNadie del consultorio se lo pedirá nunca. ¿No lo pidió usted? Entonces no haga nada.`,
    noticeSubject: (practice) => `Sobre su acceso a ${practice}`,
    tries: (practice, url) =>
      `Hubo varios intentos fallidos de entrar en su cuenta de ${practice}.\n\n¿Fue usted? Entonces no haga nada. ¿No fue usted? Entonces elija otra contraseña: ${url}\nSu cuenta no está bloqueada.`,
    changed: (practice, url) =>
      `Su forma de entrar en ${practice} cambió hace un momento.\n\n¿Fue usted? Entonces no haga nada. ¿No fue usted? Entonces llame al consultorio y cierre todas las sesiones: ${url}`,
  },
}
