/** Spanish: how people get in. */
import type { signIn as english } from '../en/sign-in.ts'
import { counting } from '../plural.ts'

const count = counting('es')

export const signIn: typeof english = {
  signIn: 'Entrar',
  name: 'Nombre de acceso',
  password: 'Contraseña',
  newPassword: (shortest) => `Contraseña (al menos ${shortest} caracteres)`,
  invited: '¿Tiene una invitación? Abra su enlace. ¿La perdió, o se le olvidó la contraseña? Llame al consultorio para pedir otra.', // prettier-ignore
  wait: (seconds) => `Demasiados intentos. Espere ${count(seconds, { one: 'segundo', other: 'segundos' })} e inténtelo de nuevo.`, // prettier-ignore
  faults: {
    incomplete: 'Escriba su nombre de acceso y su contraseña.',
    wrong: 'El nombre de acceso y la contraseña no coinciden.',
    signedOutKept:
      'Su sesión se cerró antes de enviar su mensaje. Está guardado por un día: entre, y estará en el formulario. Elija de nuevo los archivos.',
    signedOut: 'Su sesión se cerró. Entre e inténtelo de nuevo.',
    nameNeeded: 'Escriba un nombre de acceso: su correo electrónico o su número de celular.',
    nameTaken: 'Este nombre de acceso ya está en uso. Elija otro.',
    currentWrong: 'La contraseña que tiene ahora es otra.',
    passwordShort: (n) => `Use al menos ${n} caracteres. Unas cuantas palabras seguidas son fáciles de recordar.`,
    passwordLong: (n) => `Use ${n} caracteres como máximo.`,
    passwordMostUsed: 'Esta contraseña es de las primeras que cualquiera probaría. Elija otra.',
    passwordKnown: 'Esta contraseña se compone de su nombre, su nombre de acceso o el nombre del consultorio. Elija otras palabras.', // prettier-ignore
  },
  choose: {
    title: 'Elegir una contraseña',
    current: 'La contraseña que tiene ahora',
    save: 'Guardar contraseña',
  },
  invitation: {
    title: 'Le damos la bienvenida',
    why: 'Para saber que es usted, escriba su fecha de nacimiento. Para un niño, escriba la del niño.',
    born: 'Fecha de nacimiento',
    bornHint: 'Mes, día y año, por ejemplo 04/27/1985',
    somebody: 'Alguien ya entró aquí',
    joinYes: 'Soy yo: mostrar este expediente también en mi acceso',
    joinNo: 'Es otra persona: cerrar su sesión',
    havePassword: '¿Ya tiene una contraseña? Entre primero y abra este enlace otra vez: verá todo en un solo lugar.',
    dateUnread: 'Escriba la fecha como mes, día y año, por ejemplo 04/27/1985.',
    joinUnsaid: 'Diga si esto es también para usted.',
    dateWrong: 'Esta no es la fecha de nacimiento que tiene el consultorio. Inténtelo de nuevo o llame al consultorio.',
  },
  staff: {
    name: 'Nombre',
    yourName: 'Su nombre',
    initials: 'Iniciales, como las pone InSched',
    firstUser: 'Primer usuario',
    makeFirst: 'Crear el primer usuario',
    incomplete: 'Escriba su nombre y su contraseña.',
    wrong: 'El nombre y la contraseña no coinciden.',
    firstIncomplete: 'Escriba su nombre, sus iniciales (4 letras como máximo) y una contraseña.',
  },
}
