/** Colours and dashes of the figures. */

/** Okabe and Ito's colours, distinguishable without colour vision. */
export const BLUE = '#0072b2'
export const ORANGE = '#d55e00'
export const GREEN = '#009e73'
export const PURPLE = '#a0528c'
export const GREY = '#8a8a8a'
export const DASH = '5 4'
export const DOTS = '1 4'
