/** What happens to the database between two backups. Pure. */

export const CHANGES = ['unchanged', 'touched', 'appended', 'updated'] as const;
export type Change = (typeof CHANGES)[number];

export const isChange = (text: string): text is Change => (CHANGES as readonly string[]).includes(text);

export const CHANGE_TITLES: Readonly<Record<Change, string>> = {
  unchanged: 'nothing changed, not even the time of the file',
  touched: 'nothing changed but the time of the file',
  appended: '1 % of the rows appended',
  updated: '1 % of the rows updated, one column, at random places',
};

/**
 * The statements that make a change.
 *
 * @param salt From 1 up; another number chooses other rows.
 */
export function statementsFor(change: Change, salt: number): readonly string[] {
  if (change === 'unchanged' || change === 'touched') return [];
  const chosen = `hash(flight_id + ${salt * 7919}) % 100 = 0`;
  if (change === 'appended') {
    // Flights of other days with other ids: new rows, not copies of old ones.
    return [
      `INSERT INTO flights SELECT * REPLACE (flight_id + ${salt}000000000 AS flight_id, departed_at + to_days(${salt} * 400) AS departed_at) FROM flights WHERE ${chosen}`,
      `INSERT INTO events SELECT * REPLACE (flight_id + ${salt}000000000 AS flight_id, happened_at + to_days(${salt} * 400) AS happened_at) FROM events WHERE ${chosen}`,
      `INSERT INTO flight_costs SELECT * REPLACE (flight_id + ${salt}000000000 AS flight_id, day + ${salt} * 400 AS day) FROM flight_costs WHERE ${chosen}`,
    ];
  }
  return [
    `UPDATE flights SET delay_minutes = delay_minutes + 1 WHERE ${chosen}`,
    `UPDATE events SET delay_minutes = delay_minutes + 1 WHERE ${chosen}`,
    `UPDATE flight_costs SET delay_cost = delay_cost + 1 WHERE ${chosen}`,
  ];
}
