import { type ReactNode, useId } from "react";
import { sentence } from "@/formats/sentences";
import styles from "./Field.module.css";

interface Attributes {
  id: string;
  "aria-invalid": boolean;
  "aria-describedby": string | undefined;
}

interface Props {
  label: string;
  /** What is wrong with it. */
  problem?: string | undefined;
  children(attributes: Attributes): ReactNode;
}

/** An input with its name above it, and below what is wrong with it. */
export function Field({ label, problem, children }: Props) {
  const id = useId();
  const isWrong = problem !== undefined;
  return (
    <div className={styles.field}>
      <label htmlFor={id}>{label}</label>
      {children({ id, "aria-invalid": isWrong, "aria-describedby": isWrong ? `${id}-problem` : undefined })}
      {isWrong && (
        <span id={`${id}-problem`} className={styles.problem}>
          {sentence(problem)}
        </span>
      )}
    </div>
  );
}
