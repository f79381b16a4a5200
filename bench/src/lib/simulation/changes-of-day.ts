/** Statements that append about half a percent of new flights, and update about half a percent of the old ones. Pure. */
export function changesOfDay(day: number): readonly string[] {
  const [appended, updated] = [day * 7919, day * 104_729].map(
    (salt) => `hash(flight_id + ${salt}) % 200 = 0`,
  ) as [string, string];
  const id = `flight_id + ${day}000000000 AS flight_id`;
  return [
    // Corrections come for what happened lately more than for what is old: a tenth of the rows takes all of them.
    `UPDATE flights SET delay_minutes = delay_minutes + 1 WHERE flight_id > (SELECT 0.9 * max(flight_id) FROM flights WHERE flight_id < 1000000000) AND hash(flight_id + ${day}) % 20 = 0`,
    `UPDATE flight_costs SET delay_cost = delay_cost + 1 WHERE flight_id % 200 = ${day}`,
    `INSERT INTO flights SELECT * REPLACE (${id}, departed_at + to_days(${day} * 400) AS departed_at) FROM flights WHERE flight_id < 1000000000 AND ${appended}`,
    `INSERT INTO events SELECT * REPLACE (${id}, happened_at + to_days(${day} * 400) AS happened_at) FROM events WHERE flight_id < 1000000000 AND ${appended}`,
    `INSERT INTO flight_costs SELECT * REPLACE (${id}, day + ${day} * 400 AS day) FROM flight_costs WHERE flight_id < 1000000000 AND ${appended}`,
    `DELETE FROM events WHERE ${updated} AND flight_id % 10 = 0`,
  ];
}
