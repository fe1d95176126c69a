import styles from "./Choice.module.css";

interface ChoiceProps<Key extends string> {
  label: string;
  chosen: Key;
  choices: Record<Key, string>;
  onChoose(key: NoInfer<Key>): void;
}

/** One of a few, as buttons in a row. */
export function Choice<Key extends string>({ label, chosen, choices, onChoose }: ChoiceProps<Key>) {
  return (
    <fieldset className={styles.choice}>
      <legend className="unseen">{label}</legend>
      {(Object.entries(choices) as [Key, string][]).map(([key, words]) => (
        <button key={key} type="button" aria-pressed={key === chosen} onClick={() => onChoose(key)}>
          {words}
        </button>
      ))}
    </fieldset>
  );
}
