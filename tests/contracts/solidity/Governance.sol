// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IGovernor} from "@openzeppelin/contracts/governance/IGovernor.sol";

import {Deployed} from "./Deployed.sol";

/// @dev Members with keys and votes, and the way of a proposal.
abstract contract Governance is Deployed {
    uint256 internal constant MEMBERS = 4;

    struct Proposal {
        address[] targets;
        uint256[] values;
        bytes[] calldatas;
        string description;
        uint256 id;
    }

    function _deployWithMembers() internal {
        _deploy();
        for (uint256 i = 0; i < MEMBERS; ++i) {
            _bring(_member(i), 100);
            vm.prank(_member(i));
            token.delegate(_member(i));
        }
        vm.warp(block.timestamp + 1);
    }

    function _key(uint256 number) internal pure returns (uint256) {
        return 0xB0B0 + number;
    }

    function _member(uint256 number) internal pure returns (address) {
        return vm.addr(_key(number));
    }

    function _single(address target, bytes memory calldata_, string memory description)
        internal
        pure
        returns (Proposal memory proposal)
    {
        proposal.targets = new address[](1);
        proposal.values = new uint256[](1);
        proposal.calldatas = new bytes[](1);
        proposal.targets[0] = target;
        proposal.calldatas[0] = calldata_;
        proposal.description = description;
        proposal.id = uint256(
            keccak256(
                abi.encode(
                    proposal.targets, proposal.values, proposal.calldatas, keccak256(bytes(description))
                )
            )
        );
    }

    function _propose(Proposal memory proposal) internal {
        vm.prank(_member(0));
        governor.propose(proposal.targets, proposal.values, proposal.calldatas, proposal.description);
    }

    function _open() internal {
        vm.warp(block.timestamp + 3);
    }

    function _vote(Proposal memory proposal, uint256 voters, uint8 support) internal {
        for (uint256 i = 0; i < voters; ++i) {
            vm.prank(_member(i));
            governor.castVote(proposal.id, support);
        }
    }

    function _close() internal {
        vm.warp(block.timestamp + 26);
    }

    function _queue(Proposal memory proposal) internal {
        governor.queue(
            proposal.targets, proposal.values, proposal.calldatas, keccak256(bytes(proposal.description))
        );
        vm.warp(block.timestamp + 3);
    }

    function _execute(Proposal memory proposal) internal {
        governor.execute(
            proposal.targets, proposal.values, proposal.calldatas, keccak256(bytes(proposal.description))
        );
    }

    function _cancel(Proposal memory proposal, address by) internal {
        bytes32 descriptionHash = keccak256(bytes(proposal.description));
        vm.prank(by);
        governor.cancel(proposal.targets, proposal.values, proposal.calldatas, descriptionHash);
    }

    function _pass(Proposal memory proposal) internal {
        _propose(proposal);
        _open();
        _vote(proposal, 3, 1);
        _close();
        _queue(proposal);
        _execute(proposal);
    }

    function _requireState(Proposal memory proposal, IGovernor.ProposalState state) internal view {
        _require(governor.state(proposal.id) == state, "proposal state");
    }

    function _ballotSignature(uint256 number, uint256 proposalId, uint8 support)
        internal
        view
        returns (bytes memory)
    {
        bytes32 structHash = keccak256(
            abi.encode(
                governor.BALLOT_TYPEHASH(),
                proposalId,
                support,
                _member(number),
                governor.nonces(_member(number))
            )
        );
        return _sign(_key(number), _digest(_domain("Vklad Governor", address(governor)), structHash));
    }

    function _extendedSignature(
        uint256 number,
        uint256 proposalId,
        uint8 support,
        string memory reason,
        bytes memory params
    ) internal view returns (bytes memory) {
        bytes32 structHash = keccak256(
            abi.encode(
                governor.EXTENDED_BALLOT_TYPEHASH(),
                proposalId,
                support,
                _member(number),
                governor.nonces(_member(number)),
                keccak256(bytes(reason)),
                keccak256(params)
            )
        );
        return _sign(_key(number), _digest(_domain("Vklad Governor", address(governor)), structHash));
    }

    function _submit(address proposer, Proposal memory proposal, uint256 deadline, bytes memory signature)
        internal
    {
        governor.proposeBySig(
            proposer,
            proposal.targets,
            proposal.values,
            proposal.calldatas,
            proposal.description,
            deadline,
            signature
        );
    }

    function _proposalSignature(uint256 number, Proposal memory proposal, uint256 deadline)
        internal
        view
        returns (bytes memory)
    {
        bytes32 structHash = keccak256(
            abi.encode(
                governor.PROPOSAL_TYPEHASH(),
                _member(number),
                keccak256(abi.encode(proposal.targets[0])),
                keccak256(abi.encode(proposal.values[0])),
                keccak256(abi.encode(keccak256(proposal.calldatas[0]))),
                keccak256(bytes(proposal.description)),
                deadline
            )
        );
        return _sign(_key(number), _digest(_domain("Vklad Governor", address(governor)), structHash));
    }
}
