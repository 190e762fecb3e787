// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Governor} from "@openzeppelin/contracts/governance/Governor.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

/// @title Proposals without gas
/// @notice A member signs a proposal, anyone submits it; the member is the proposer.
/// @dev No nonce: a proposal's id is the hash of its content, and an id can be proposed only once.
abstract contract GovernorProposeBySig is Governor {
    /// @notice EIP-712 type of {proposeBySig}.
    bytes32 public constant PROPOSAL_TYPEHASH = keccak256(
        "Proposal(address proposer,address[] targets,uint256[] values,bytes[] calldatas,string description,uint256 deadline)"
    );

    /// @notice The signature was good until `deadline` only.
    error ProposalSignatureExpired(uint256 deadline);

    /// @notice Propose in the name of a member who signed `Proposal`. ERC-1271 wallets may sign, too.
    /// @param description Should end with `#proposer=0x…`, so that nobody else can propose the same first.
    /// @param deadline Last second at which the signature is good.
    function proposeBySig(
        address proposer,
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        string memory description,
        uint256 deadline,
        bytes memory signature
    ) external returns (uint256 proposalId) {
        if (block.timestamp > deadline) revert ProposalSignatureExpired(deadline);
        bytes32 structHash = _proposalStructHash(proposer, targets, values, calldatas, description, deadline);
        if (!SignatureChecker.isValidSignatureNow(proposer, _hashTypedDataV4(structHash), signature)) {
            revert GovernorInvalidSignature(proposer);
        }
        _requireMayPropose(proposer, description);
        return _propose(targets, values, calldatas, description, proposer);
    }

    /// @dev The two checks of {Governor-propose}, for a proposer who is not the caller.
    function _requireMayPropose(address proposer, string memory description) private view {
        if (!_isValidDescriptionForProposer(proposer, description)) {
            revert GovernorRestrictedProposer(proposer);
        }
        uint256 threshold = proposalThreshold();
        uint256 votes = getVotes(proposer, clock() - 1);
        if (votes < threshold) revert GovernorInsufficientProposerVotes(proposer, votes, threshold);
    }

    /// @dev EIP-712: an array is the hash of its elements' encodings in a row.
    function _proposalStructHash(
        address proposer,
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        string memory description,
        uint256 deadline
    ) private pure returns (bytes32) {
        bytes32[] memory calldataHashes = new bytes32[](calldatas.length);
        for (uint256 i = 0; i < calldatas.length; ++i) {
            calldataHashes[i] = keccak256(calldatas[i]);
        }
        return keccak256(
            abi.encode(
                PROPOSAL_TYPEHASH,
                proposer,
                keccak256(abi.encodePacked(targets)),
                keccak256(abi.encodePacked(values)),
                keccak256(abi.encodePacked(calldataHashes)),
                keccak256(bytes(description)),
                deadline
            )
        );
    }
}
