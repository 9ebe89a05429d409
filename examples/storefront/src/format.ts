// Money and times for people.
import type {Schemas} from '@plumbline/client';

const money = (currency: string): Intl.NumberFormat => new Intl.NumberFormat(undefined, {style: 'currency', currency});
const minor = (currency: string): number => 10 ** (money(currency).resolvedOptions().maximumFractionDigits ?? 2);

/** Writes an amount, which the services give in minor units. */
export const price = ({amount, currency}: Schemas['Money']): string => money(currency).format(amount / minor(currency));

/** Writes an amount as it is entered in a field. */
export const decimal = ({amount, currency}: Schemas['Money']): string =>
  (amount / minor(currency)).toFixed(Math.log10(minor(currency)));

/** Reads an amount that was entered, in minor units; NaN, which the service refuses, when it is no number. */
export const amountOf = (text: string, currency: string): number => Math.round(Number(text.replace(',', '.') || 'none') * minor(currency));

const times = new Intl.DateTimeFormat(undefined, {dateStyle: 'medium', timeStyle: 'short'});

/** Writes a time. */
export const time = (text: string): string => times.format(new Date(text));
